// The stand-in for Argo Rollouts' Gateway API plugin, where the plugin itself is not at hand.
//
// It keeps the plugin's contract as the rollout controller sees it: registered under the same name, configured by the
// same keys of the same Rollout, and setting the weights of stable and canary in every rule that holds both. It owns
// nothing else: no header routes, no mirroring, no experiments, because no blueprint renders them. Written from the
// public interface of the controller (github.com/argoproj/argo-rollouts v1.9.0: utils/plugin/types,
// rollout/trafficrouting/plugin/rpc), without a line of the plugin. Objects are handled untyped, so that no field
// of a route is lost that a client library would not know.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	router "github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	"github.com/hashicorp/go-plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
)

const pluginName = "argoproj-labs/gatewayAPI"

// target is what a Rollout says about its routes.
type target struct {
	HTTPRoute  string  `json:"httpRoute"`
	GRPCRoute  string  `json:"grpcRoute"`
	HTTPRoutes []named `json:"httpRoutes"`
	GRPCRoutes []named `json:"grpcRoutes"`
	Namespace  string  `json:"namespace"`
}

type named struct {
	Name string `json:"name"`
}

type standIn struct {
	client dynamic.Interface
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: "trafficrouter",
		},
		Plugins: plugin.PluginSet{"RpcTrafficRouterPlugin": &router.RpcTrafficRouterPlugin{Impl: &standIn{}}},
	})
}

// InitPlugin connects as `kubectl` would: by KUBECONFIG, or from inside a pod.
func (s *standIn) InitPlugin() types.RpcError {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err == nil {
		s.client, err = dynamic.NewForConfig(config)
	}
	return wrapped(err)
}

func (s *standIn) SetWeight(
	rollout *v1alpha1.Rollout, desired int32, _ []v1alpha1.WeightDestination,
) types.RpcError {
	return wrapped(s.eachRoute(rollout, func(routes dynamic.ResourceInterface, name string) error {
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			route, err := routes.Get(context.TODO(), name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			wanted := route.DeepCopy()
			if found, err := split(wanted, rollout, func(backend map[string]any, weight int64) bool {
				backend["weight"] = weight
				return true
			}, int64(desired)); err != nil || !found {
				return orMissing(err, name)
			}
			_, err = routes.Update(context.TODO(), wanted, metav1.UpdateOptions{})
			return err
		})
	}))
}

// VerifyWeight reads back what SetWeight wrote.
func (s *standIn) VerifyWeight(
	rollout *v1alpha1.Rollout, desired int32, _ []v1alpha1.WeightDestination,
) (types.RpcVerified, types.RpcError) {
	verified := types.Verified
	err := s.eachRoute(rollout, func(routes dynamic.ResourceInterface, name string) error {
		route, err := routes.Get(context.TODO(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		found, err := split(route, rollout, func(backend map[string]any, weight int64) bool {
			return backend["weight"] == weight
		}, int64(desired))
		if !found {
			verified = types.NotVerified
		}
		return err
	})
	return verified, wrapped(err)
}

// split visits the pair of backends of every rule that holds both; it tells whether there was one and all agreed.
func split(
	route *unstructured.Unstructured, rollout *v1alpha1.Rollout, visit func(map[string]any, int64) bool, canary int64,
) (bool, error) {
	rules, _, err := unstructured.NestedSlice(route.Object, "spec", "rules")
	if err != nil {
		return false, err
	}
	strategy := rollout.Spec.Strategy.Canary
	pairs, agreed := 0, true
	for _, rule := range rules {
		pair := map[string]map[string]any{}
		backends, _ := rule.(map[string]any)["backendRefs"].([]any)
		for _, each := range backends {
			backend := each.(map[string]any)
			pair[fmt.Sprint(backend["name"])] = backend
		}
		if pair[strategy.StableService] == nil || pair[strategy.CanaryService] == nil {
			continue
		}
		pairs++
		agreed = visit(pair[strategy.StableService], 100-canary) && agreed
		agreed = visit(pair[strategy.CanaryService], canary) && agreed
	}
	return pairs > 0 && agreed, unstructured.SetNestedSlice(route.Object, rules, "spec", "rules")
}

func (s *standIn) eachRoute(
	rollout *v1alpha1.Rollout, do func(routes dynamic.ResourceInterface, name string) error,
) error {
	wanted := target{Namespace: rollout.Namespace}
	if err := json.Unmarshal(rollout.Spec.Strategy.Canary.TrafficRouting.Plugins[pluginName], &wanted); err != nil {
		return err
	}
	names := map[string][]named{
		"httproutes": append(wanted.HTTPRoutes, named{wanted.HTTPRoute}),
		"grpcroutes": append(wanted.GRPCRoutes, named{wanted.GRPCRoute}),
	}
	for resource, routes := range names {
		kind := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: resource}
		for _, route := range routes {
			if route.Name == "" {
				continue
			}
			if err := do(s.client.Resource(kind).Namespace(wanted.Namespace), route.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func orMissing(err error, route string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("no rule of route %s holds both the stable and the canary service", route)
}

func wrapped(err error) types.RpcError {
	if err == nil {
		return types.RpcError{}
	}
	return types.RpcError{ErrorString: err.Error()}
}

func (s *standIn) UpdateHash(*v1alpha1.Rollout, string, string, []v1alpha1.WeightDestination) types.RpcError {
	return types.RpcError{}
}

func (s *standIn) SetHeaderRoute(*v1alpha1.Rollout, *v1alpha1.SetHeaderRoute) types.RpcError {
	return types.RpcError{}
}

func (s *standIn) SetMirrorRoute(*v1alpha1.Rollout, *v1alpha1.SetMirrorRoute) types.RpcError {
	return types.RpcError{}
}

func (s *standIn) RemoveManagedRoutes(*v1alpha1.Rollout) types.RpcError {
	return types.RpcError{}
}

func (s *standIn) Type() string {
	return "GatewayAPI"
}

"""One rule, one file: the module `x_y` holds the rule `x-y` as `RULE`. `policies.pack` finds them by name."""

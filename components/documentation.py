"""The components' reference, rendered from their source.

Owns how docstrings, argument types and outputs become pages, one a component. It reads the source and imports none
of it, so that rendering needs neither Pulumi nor a cloud SDK. What a component does is said in its own docstrings.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
BASE_CLASS: Final = "ComponentResource"

_HEAD: Final = """# Components

Rendered by `make generate` from the docstrings and types in `components/`; edit those.

Every component is constructed as `Component(name, args, opts)`. In Python, `args` is a dictionary with the keys on its
page; in other languages the same keys are properties in camelCase (see
[the YAML example](../examples/yaml-consumer)). *Wiring* takes outputs of other resources; everything else is a plain
value and is validated before the first child is made.
"""


@dataclass(frozen=True)
class Argument:
    """One key of a component's arguments, or of a nested group of them."""

    name: str
    type: str
    required: bool
    default: str
    text: str


@dataclass(frozen=True)
class Group:
    """A nested group of arguments."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Component:
    """What the page says of one component."""

    name: str
    module: str
    scope: str
    text: str
    arguments: tuple[Argument, ...]
    groups: tuple[Group, ...]
    outputs: tuple[Argument, ...]


def render(folder: Path = FOLDER) -> dict[str, str]:
    """The pages by path below the documentation: an index, and one page a component.

    Args:
        folder: Where the components' modules are.
    """
    components = read_components(folder)
    contents = (f"- [{c.name}]({page_of(c.name)}): {_first_sentence(c.text)}" for c in components)
    index = "\n".join([_HEAD, *contents]) + "\n"
    return {"components.md": index} | {page_of(c.name): _page(c) for c in components}


def page_of(component: str) -> str:
    """Path of a component's page below the documentation."""
    kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", component).lower()
    return f"components/{kebab}.md"


def read_components(folder: Path) -> tuple[Component, ...]:
    """Every component of the folder, sorted by name."""
    modules = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))}
    classes = {c.name: c for module in modules.values() for c in module.body if isinstance(c, ast.ClassDef)}
    found = [
        _component(name, module, node, classes)
        for name, module in modules.items()
        for node in module.body
        if isinstance(node, ast.ClassDef) and _is_component(node, classes)
    ]
    return tuple(sorted(found, key=lambda component: component.name))


def _component(
    module_name: str, module: ast.Module, node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]
) -> Component:
    args = classes.get(f"{node.name}Args")
    if args is None:
        raise ValueError(f"components/{module_name}.py: {node.name} has no {node.name}Args")
    defaults = _defaults(classes.get(f"{node.name}Spec"))
    return Component(
        name=node.name,
        module=f"components/{module_name}.py",
        scope=_paragraphs_after_first(ast.get_docstring(module) or ""),
        text=_without_sections(ast.get_docstring(node) or ""),
        arguments=tuple(_arguments(args, classes, defaults)),
        groups=tuple(_group(name, classes) for name in dict.fromkeys(_nested(args, classes))),
        outputs=tuple(_outputs(node, classes)),
    )


def _group(name: str, classes: Mapping[str, ast.ClassDef]) -> Group:
    stem = name.removesuffix("Args")
    defaults = _defaults(classes.get(f"{stem}Spec", classes.get(stem)))
    return Group(stem, tuple(_arguments(classes[name], classes, defaults)))


def _arguments(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], defaults: Mapping[str, str]
) -> Iterator[Argument]:
    for name, annotation, text in _fields(node, classes):
        required = not annotation.startswith("NotRequired[")
        bare = annotation if required else annotation[len("NotRequired[") : -1]
        yield Argument(name, _readable(bare), required, "" if required else defaults.get(name, ""), text)


def _outputs(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[Argument]:
    for name, annotation, text in _fields(node, classes):
        if not name.startswith("_") and "Output[" in annotation:
            yield Argument(name, annotation.replace("pulumi.Output[", "Output["), True, "", text)


def _fields(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[tuple[str, str, str]]:
    """Name, annotation and description of the annotated names of a class, in order, inherited ones first.

    A description stands below the name as a string, or in the `Attributes` section of the class.
    """
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            yield from _fields(classes[base.id], classes)
    section = _attributes_section(ast.get_docstring(node) or "")
    for index, statement in enumerate(node.body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name = statement.target.id
        text = _string_at(node.body, index + 1) or section.get(name, "")
        yield name, ast.unparse(statement.annotation), " ".join(text.split())


def _nested(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[str]:
    """Names of the argument groups that a group refers to, nested ones after the one that names them."""
    for _, annotation, _ in _fields(node, classes):
        for name in re.findall(r"\w+Args\b", annotation):
            if name in classes:
                yield name
                yield from _nested(classes[name], classes)


def _defaults(spec: ast.ClassDef | None) -> dict[str, str]:
    """Name -> default of the fields of a spec, where the default is a plain value."""
    found: dict[str, str] = {}
    for statement in spec.body if spec else ():
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            value = _default_of(statement.value)
            if value is not None:
                found[statement.target.id] = value
    return found


def _default_of(value: ast.expr | None) -> str | None:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Field":
        value = next((keyword.value for keyword in value.keywords if keyword.arg == "default"), None)
    if isinstance(value, ast.Constant):
        return None if value.value is None else ast.unparse(value)
    if isinstance(value, ast.Tuple | ast.List | ast.UnaryOp | ast.Attribute):
        return ast.unparse(value)
    return None


def _readable(annotation: str) -> str:
    """A type as a reader wants it: wiring is named, the rest is Python's."""
    text = re.sub(r"pulumi\.Input\[(\w+)\]", r"\1, wiring", annotation)
    return re.sub(r"\b(\w+)Args\b", r"\1", text).replace("Any", "any")


def _page(component: Component) -> str:
    lines = [f"# {component.name}", "", component.text, ""]
    if component.scope:
        lines += [component.scope, ""]
    source = f"Source: [`{component.module}`](../../{component.module}). All components: [index](../components.md)."
    lines += [source, "", "## Arguments", "", *_table(component.arguments), ""]
    for group in component.groups:
        lines += [f"### {group.name}", "", *_table(group.arguments), ""]
    if component.outputs:
        lines += ["## Outputs", "", "| output | type | |", "|---|---|---|"]
        lines += [f"| `{o.name}` | `{o.type}` | {_cell(o.text)} |" for o in component.outputs]
        lines.append("")
    return "\n".join(lines)


def _table(arguments: Sequence[Argument]) -> Iterator[str]:
    yield "| argument | type | default | |"
    yield "|---|---|---|---|"
    for argument in arguments:
        default = "required" if argument.required else f"`{argument.default}`" if argument.default else "none"
        yield f"| `{argument.name}` | `{argument.type}` | {default} | {_cell(argument.text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _is_component(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    """Whether the class is a component, by itself or through a base class of the folder."""
    bases = [ast.unparse(base).split(".")[-1] for base in node.bases]
    return BASE_CLASS in bases or any(base in classes and _is_component(classes[base], classes) for base in bases)


def _string_at(body: Sequence[ast.stmt], index: int) -> str:
    statement = body[index] if index < len(body) else None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return statement.value.value if isinstance(statement.value.value, str) else ""
    return ""


def _attributes_section(docstring: str) -> dict[str, str]:
    """Name -> text of a Google-style `Attributes` section."""
    _, found, section = docstring.partition("Attributes:\n")
    entries: dict[str, str] = {}
    name = ""
    for line in section.splitlines() if found else ():
        start = re.match(r" {4}(\w+): (.*)", line)
        if start:
            name, entries[start[1]] = start[1], start[2]
        elif name and line.startswith(" " * 8):
            entries[name] += f" {line.strip()}"
        elif line.strip():
            break
    return entries


def _without_sections(docstring: str) -> str:
    return re.split(r"\n\n(?:Attributes|Args|Raises):\n", docstring)[0].strip()


def _paragraphs_after_first(docstring: str) -> str:
    return docstring.partition("\n\n")[2].strip()


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())

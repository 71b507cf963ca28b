"""Reading of YAML: nothing is lost silently, so a key that occurs twice is refused, with the lines of both."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

_PRINTED_KEY = re.compile(r"[\w.*/-]{1,80}")
"""Keys that messages show: names, but nothing that could be a password or a hash in the wrong place."""

_WHOLE = re.compile(r"[^\ud800-\udfff]*")
"""Text without halves of characters, which an escape such as ``\\ud800`` makes, and which no output can encode."""

_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


class YamlFault(Exception):
    """A text that is not valid YAML; the reason begins with a verb, and never quotes a value. Lines count from 1."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line

    def of(self, file: str) -> str:
        """Return a sentence about the file with this text."""
        place = f", line {self.line}" if self.line else ""
        return f"{file}{place} {self.reason}."


class PlainLoader(yaml.SafeLoader):
    """A loader for which only decimal numbers are numbers: ``0x1F``, ``007`` and ``22:00`` are text.

    Text that only looks like a number or a day, such as 2026-02-30, stays text, so that the error about it has its key.
    """


PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9]\d*(?:_\d+)*)$", re.ASCII), list("-+0123456789")
)
PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"(?:[-+]?(?:\d+(?:_\d+)*\.\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", re.ASCII
    ),
    list("-+.0123456789"),
)


def _or_text(construct: Callable[[Any, yaml.ScalarNode], Any]) -> Callable[[Any, yaml.ScalarNode], Any]:
    def constructed(loader: Any, node: yaml.ScalarNode) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, OverflowError, AttributeError):
            return str(loader.construct_scalar(node))

    return constructed


for _name in ("int", "float", "timestamp"):
    _tag = f"tag:yaml.org,2002:{_name}"
    PlainLoader.add_constructor(_tag, _or_text(yaml.SafeLoader.yaml_constructors[_tag]))


def parse_yaml(text: bytes | str, kind: type[yaml.SafeLoader] = PlainLoader) -> Any:
    """Return the value of a YAML document, None if it is empty. Raises YamlFault."""
    try:
        loader = kind(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            for each in _nodes(node):
                _check_node(each)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise YamlFault("is not valid YAML", mark.line + 1 if mark else None) from None
    except RecursionError:
        raise YamlFault("is nested too deeply") from None
    except (ValueError, TypeError, AttributeError, LookupError):
        # PyYAML's own errors about explicit tags, such as !!bool on a number.
        raise YamlFault("is not valid YAML") from None


def _check_node(node: yaml.Node) -> None:
    """Raise YamlFault for half a character, and for a key that a mapping has twice, also ``<<``.

    Keys that ``<<`` brings may be overridden, so this looks at mappings as they are written.
    """
    if isinstance(node, yaml.ScalarNode):
        if not _WHOLE.fullmatch(node.value):
            raise YamlFault("has a text that is not valid Unicode", node.start_mark.line + 1)
        return
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        name, line = (key.tag, key.value), key.start_mark.line + 1
        if name in lines:
            what = f"the key {key.value}" if _PRINTED_KEY.fullmatch(key.value) or key.tag == _MERGE else "one key"
            where = f"line {line}" if line == lines[name] else f"lines {lines[name]} and {line}"
            raise YamlFault(f"has {what} twice, on {where}: keep one, or merge the two")
        lines[name] = line


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node once, in the order of the text."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in reversed(node.value) for part in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)

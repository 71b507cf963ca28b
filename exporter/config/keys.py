"""The keys that each section of the configuration has."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel

from exporter.config.config import AT_TOP, Config


def keys_at(place: Iterable[int | str]) -> tuple[str, ...]:
    """Return the keys of the section at a place of a configuration, as pydantic names it; empty if there is none."""
    sections: tuple[type[BaseModel], ...] = (Config,)
    for step in place:
        known = [each for section in sections for each in section.model_fields.items()]
        fields = [field for name, field in known if step in {name, field.validation_alias}]
        # A position in a list, or a name that a person chose, leads to no other section.
        if fields:
            sections = tuple(each for field in fields for each in _sections_in(field.annotation))
    return tuple(key for section in sections for key in _keys_of(section))


def _keys_of(section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        if field.validation_alias == AT_TOP:
            yield from (key for each in _sections_in(field.annotation) for key in _keys_of(each))
        else:
            yield name


def _sections_in(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Return the sections in a type: itself, or what a list, a mapping or a choice has."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(section for part in get_args(annotation) for section in _sections_in(part))

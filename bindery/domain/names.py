"""Person names (judgement.md 2): the public face of `name_parse` and `name_match`."""

from bindery.domain.name_match import same, same_names
from bindery.domain.name_parse import (
    STRONG,
    Name,
    NameVerdict,
    People,
    name_key,
    parse,
    parse_list,
    sort_name,
)

__all__ = (
    "STRONG",
    "Name",
    "NameVerdict",
    "People",
    "name_key",
    "parse",
    "parse_list",
    "same",
    "same_names",
    "sort_name",
)

"""An argument parser whose refusals say what was probably meant."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from exporter.nearest import ending

_NO_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)", re.DOTALL)

_FLAG = re.compile(r"(?<!\S)--?[a-z][\w.-]*")


class Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations and suggests what is nearest to an unknown choice or flag.

    The parser of the command that was given is ``parser`` in what it returns.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)
        self.set_defaults(parser=self)

    def error(self, message: str) -> NoReturn:
        """Exit with 2 and the usage, the message and a suggestion if there is one."""
        found = _NO_CHOICE.search(message)
        suggestion = ending(found[1], re.findall(r"[\w.-]+", found[2])) if found else ""
        super().error(f"{message}{suggestion}")

    def refuse(self, unrecognized: Sequence[str]) -> NoReturn:
        """Exit with 2 because of arguments that no option takes."""
        flags = _FLAG.findall(self.format_help())
        wrong = next((each for each in unrecognized if each.startswith("-")), "").partition("=")[0]
        suggestion = ending(wrong, flags) if wrong else ""
        super().error(f"unrecognized arguments: {' '.join(unrecognized)}{suggestion}")

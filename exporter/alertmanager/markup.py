"""How each service writes bold text, links and what must not be taken for markup. Pure.

Alertmanager runs Telegram's and e-mail's HTML through ``html/template``, which escapes by itself and takes an explicit
``html`` for its own; 0.25 does the former with ``text/template``, which needs it. So both are right everywhere.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Markup:
    """A way to write.

    ``escape`` is what a pipeline ends with that writes text, ``escape_link`` one that writes an address; lengths are in
    characters. ``listed`` alerts that fire and ``ended`` that are over are written out; of a description ``width``
    characters, twice as many if at most half as many alerts fire, and ``alone`` if there is only one. A link longer
    than ``longest_link`` is left out: cut off it would lead nowhere. ``link`` has the places ``LABEL`` and ``URL``.
    """

    escape: str
    escape_link: str
    bold: tuple[str, str]
    link: str
    between_links: str
    listed: int
    ended: int
    width: int
    alone: int
    longest_link: int

    def put(self, expression: str) -> str:
        """Return the action that writes the value of an expression."""
        return f"{{{{ {expression}{self.escape} }}}}"

    def strong(self, text: str) -> str:
        """Return a text in bold."""
        return f"{self.bold[0]}{text}{self.bold[1]}"

    def linked(self, label: str, variable: str) -> str:
        """Return a link to what a variable holds."""
        return self.link.replace("LABEL", label).replace("URL", f"{{{{ {variable}{self.escape_link} }}}}")


PLAIN = Markup(
    escape="",
    escape_link="",
    bold=("", ""),
    link="LABEL: URL",
    between_links="\\n",
    listed=20,
    ended=20,
    width=1_000,
    alone=2_000,
    longest_link=4_000,
)

BRIEF = Markup(
    escape="",
    escape_link="",
    bold=("", ""),
    link="LABEL: URL",
    between_links="\\n",
    listed=10,
    ended=10,
    width=300,
    alone=1_000,
    longest_link=2_000,
)
"""For PagerDuty's details."""

DISCORD = Markup(
    escape=" | reReplaceAll `([\\\\*_~|<>\\[\\]])` `\\$1`",
    escape_link="",
    bold=("**", "**"),
    link="[LABEL](URL)",
    between_links=" · ",
    listed=10,
    ended=5,
    width=140,
    alone=1_000,
    longest_link=300,
)
"""An embed's description has at most 4,096 characters, and a longer one is refused: the numbers keep below."""

_SLACK_ESCAPE = ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"'

SLACK = Markup(
    escape=_SLACK_ESCAPE,
    escape_link=_SLACK_ESCAPE,
    bold=("*", "*"),
    link="<URL|LABEL>",
    between_links=" · ",
    listed=10,
    ended=10,
    width=300,
    alone=1_000,
    longest_link=1_500,
)

TELEGRAM = Markup(
    escape=" | html",
    escape_link=" | html",
    bold=("<b>", "</b>"),
    link='<a href="URL">LABEL</a>',
    between_links=" · ",
    listed=8,
    ended=5,
    width=140,
    alone=700,
    longest_link=300,
)
"""A message of more than 4,096 characters would be cut within a tag and then refused: the numbers keep well below."""

HTML = Markup(
    escape="",
    escape_link="",
    bold=("<strong>", "</strong>"),
    link='<a href="URL">LABEL</a>',
    between_links=" · ",
    listed=20,
    ended=20,
    width=1_000,
    alone=2_000,
    longest_link=4_000,
)
"""For e-mail, whose HTML is escaped by its template engine alone."""

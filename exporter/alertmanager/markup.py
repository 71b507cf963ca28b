"""The markup of each service: bold text, links and escapes. Pure.

Alertmanager renders HTML for Telegram and e-mail with ``html/template``, which escapes values itself and treats an
explicit ``html`` as its own escape. Only 0.25 renders Telegram's with ``text/template``, which needs the explicit one.
So an explicit ``html`` for Telegram and none for e-mail are right in every version.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Markup:
    """The markup of a service, and the limits of its messages.

    ``escape`` ends a pipeline that writes text, ``escape_link`` one that writes an address; lengths are in characters.
    Up to ``listed`` firing and ``ended`` resolved alerts are written out. A description is cut to ``width`` characters,
    to twice as many if at most half of ``listed`` fire, and to ``alone`` if there is only one alert. A link longer than
    ``longest_link`` is left out, since a cut one would be broken. ``link`` has the placeholders ``LABEL`` and ``URL``.
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
        """Return the template action that writes the value of an expression."""
        return f"{{{{ {expression}{self.escape} }}}}"

    def strong(self, text: str) -> str:
        """Return a text in bold."""
        return f"{self.bold[0]}{text}{self.bold[1]}"

    def linked(self, label: str, variable: str) -> str:
        """Return a link to the address in a variable."""
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
"""An embed's description of more than 4,096 characters is refused: these limits stay below."""

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
"""A message of more than 4,096 characters would be cut within a tag and then refused: these limits stay well below."""

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
"""For e-mail, whose HTML is escaped by the template engine alone."""

"""The first page as its reader sees it."""

from html.parser import HTMLParser

VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page as its reader sees it: headings, and under each the rows of its table by the heads of the columns."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.texts: list[str] = []
        self.outside: set[str] = set()
        self.bad_rows: list[list[str]] = []
        self._open: list[str] = []
        self._heads: list[str] = []
        self._cells: list[str] = []
        self._is_bad = False
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.outside |= {value for name, value in attrs if name in {"src", "href"} and value}
        if tag == "script":
            self.outside.add("script")
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self._cells, self._is_bad = [], known.get("class") == "bad"
        if tag == "table":
            self._heads = []
        if tag == "td":
            assert known["data-head"] == self._heads[len(self._cells)], "a narrow screen shows the column's own head"
            self._cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "tr" and self._cells:
            self.tables[next(reversed(self.tables))].append(dict(zip(self._heads, self._cells, strict=True)))
            if self._is_bad:
                self.bad_rows.append(self._cells)

    def handle_data(self, data: str) -> None:
        within = self._open[-1] if self._open else ""
        if within == "h2":
            self.tables[data] = []
        elif within == "th":
            self._heads.append(data)
        elif within == "td":
            self._cells[-1] += data
        elif within == "p":
            self.texts.append(data)

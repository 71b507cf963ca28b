"""Commands run in an empty folder."""

from tests.cli.conftest import in_an_empty_folder

__all__ = ["in_an_empty_folder"]

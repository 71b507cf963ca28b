"""Commands run in an empty folder, and leave the logging as it was."""

from tests.cli.conftest import in_an_empty_folder, restored_logging

__all__ = ["in_an_empty_folder", "restored_logging"]

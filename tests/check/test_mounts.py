"""The file system of a path, out of the text that Linux gives."""

from pathlib import PurePosixPath

import pytest

from exporter.check.mounts import Mount, mount_of

TEXT = """\
21 26 0:19 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
26 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
30 26 0:26 / /run rw,nosuid,nodev shared:2 master:3 propagate_from:1 - tmpfs tmpfs rw,size=10%
31 26 8:17 /exports/a /srv/data rw,relatime - xfs /dev/sdb1 rw
32 31 0:40 / /srv/data/inner rw - nfs4 server:/export rw,vers=4.2
33 26 0:41 / /srv/two\\040words rw - cifs //server/share rw
34 26 0:42 / /srv/twice rw - ext4 /dev/sdc1 rw
35 34 0:43 / /srv/twice rw - fuse.sshfs user@host:/ rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "point"),
    [
        ("/", "ext4", "/"),
        ("/var/lib/exporter", "ext4", "/"),
        ("/run", "tmpfs", "/run"),
        ("/run/exporter", "tmpfs", "/run"),
        ("/runner", "ext4", "/"),
        ("/srv/data", "xfs", "/srv/data"),
        ("/srv/data/inner/deep", "nfs4", "/srv/data/inner"),
        ("/srv/data/innermost", "xfs", "/srv/data"),
        ("/srv/two words/x", "cifs", "/srv/two words"),
        ("/srv/twice/x", "fuse.sshfs", "/srv/twice"),
    ],
)
def test_the_deepest_mount_holds_a_path(path: str, kind: str, point: str) -> None:
    """By whole names, with escapes read, and of two at one place the one that covers the other."""
    mount = mount_of(TEXT, PurePosixPath(path))
    assert mount is not None
    assert (mount.kind, mount.point) == (kind, PurePosixPath(point))


def test_the_root_of_a_mount_is_known() -> None:
    """A volume shows by which part of a file system is mounted."""
    assert mount_of(TEXT, PurePosixPath("/srv/data/x")) == Mount("/exports/a", PurePosixPath("/srv/data"), "xfs")


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "1 2 3 - ext4", "26 1 8:2 / /srv rw -", "26 1 8:2 / /srv rw"])
def test_text_that_says_nothing(text: str) -> None:
    """Lines of another shape are passed over."""
    assert mount_of(text, PurePosixPath("/")) is None

"""How the size of a stored asset develops."""

from exporter.simulator.world import Stored


def stored_bytes(asset: Stored, hour: int) -> int:
    """Bytes held in the hour that starts at the epoch hour `hour`."""
    age = max(hour - int(asset.created.timestamp()) // 3600, 0)
    if asset.cycle_days:
        age %= asset.cycle_days * 24
    return max(asset.stored_bytes + asset.growth_bytes * age // 24, 0)

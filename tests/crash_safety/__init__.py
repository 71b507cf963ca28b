"""Real exporters on real files: killed, out of space, refused by the kernel, damaged, restored, two at once."""

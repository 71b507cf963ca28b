"""The generated parts of the documentation: ``python -m docs.build`` writes them."""

"""From the YAML tree and a command line to checked configurations, and from those to objects."""

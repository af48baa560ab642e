"""Backbones and what is put on them; folders on disk that say what they hold."""

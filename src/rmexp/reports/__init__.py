"""Figures and pages for people: self-contained HTML with inline SVG, no script, no network."""

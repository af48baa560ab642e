"""Attention of a packed row in one pass, in C++ that is built for the processor at hand."""

"""What runs inside the limited subprocess: the standard library and libav, nothing else.

Modules here are imported by a bare interpreter for every file that is read, so they import neither
numpy nor anything of the product outside this package.
"""

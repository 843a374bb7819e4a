"""Keeping a long training from holding memory that it no longer uses."""

import ctypes


def give_back() -> None:
    """Hand freed memory back to the system, where the C library offers that (glibc does).

    Batches of ever different lengths leave holes that no later tensor fits into: on the CPU a
    training of 48 steps was seen to grow from 3 to 6.8 GB without it, and to run no slower with it.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, another system
        return
    trim(0)

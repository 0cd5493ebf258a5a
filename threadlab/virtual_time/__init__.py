"""Time under control: a clock, an event loop and patches that make waiting take no time."""

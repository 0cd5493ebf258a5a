"""Which version this is: pyproject.toml says it, and the installed package's metadata repeat it."""

from importlib import metadata


def version() -> str:
    try:
        return metadata.version("threads-course")
    except metadata.PackageNotFoundError:  # a checkout that was not installed
        return "0+unknown"

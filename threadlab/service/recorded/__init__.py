"""`serve --record`, `--upstream` and `--replay`: an endpoint that is recorded, or whose recording answers."""

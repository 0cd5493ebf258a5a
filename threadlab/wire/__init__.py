"""What goes over the wire: the objects of the two APIs and of files, error bodies, model names, requests and replies."""

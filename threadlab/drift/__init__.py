"""`threadlab drift`: a recording of an endpoint against what this service says to the same requests, shape by shape."""

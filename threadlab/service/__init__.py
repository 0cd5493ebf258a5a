"""Ways into the engine: inside this process, and over HTTP."""

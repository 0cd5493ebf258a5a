"""What an endpoint answered, kept in a file and played back: the format, the file that grows, and the transports that write and read it."""

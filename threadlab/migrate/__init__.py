"""From the Assistants API to what came after it: find its calls in code, carry threads over to conversations."""

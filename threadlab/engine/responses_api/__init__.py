"""The Responses and Conversations APIs, built like `assistants_api`: the same module names mean the same things."""

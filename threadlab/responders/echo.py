"""Repeats the last user message: for tests that want to know exactly what was sent."""

from threadlab.wire.prompts import Answer, Prompt


class Echo:
    name = "echo"

    def respond(self, prompt: Prompt) -> Answer:
        questions = [turn.text for turn in prompt.turns if turn.role == "user"]
        return Answer(texts=[questions[-1] if questions else ""])

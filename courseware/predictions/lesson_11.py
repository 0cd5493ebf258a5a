"""The predictions of lesson 11. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

SUNSET: dict[str, Question] = {
    "failed-response": Question(
        "11",
        "B",
        {
            "A": Option(
                "It raises an exception, for nothing was answered.",
                "The request was fine and was answered with 200. As with runs, how the work ended is in `status`, and why is in `error`.",
                "a failed response raises",
            ),
            "B": Option(
                "It returns a response whose `status` is `failed` and whose `output_text` is empty.",
                "So the status comes first, and the text after it. A program that returns `output_text` unseen answers its customer with "
                "nothing, and logs no error.",
            ),
            "C": Option(
                "It is repeated by the SDK, up to two times.",
                "The SDK repeats requests that fail. This request succeeded; the work that it started did not.",
                "failed responses are repeated",
            ),
        },
    ),
    "left-by-a-failure": Question(
        "11",
        "B",
        {
            "A": Option(
                "The question, without an answer: it had been accepted.",
                "That is how a thread looks. There the message was a request of its own, and what was confirmed stays.",
                "the question stays, as on a thread",
            ),
            "B": Option(
                "Nothing of this turn: input and output are added when the response has completed.",
                "The question was part of the request that failed. To ask again you must send it again; on a thread you would only start "
                "another run.",
            ),
            "C": Option(
                "The question, and an item that says that the response failed.",
                "Items are messages, calls and their outputs. A failure is in the response alone, and you need its id to see it.",
                "failures are items",
            ),
        },
    ),
    "one-request": Question(
        "11",
        "A",
        {
            "A": Option(
                "Yes, in every order: the message and the request for an answer are one request.",
                "What cannot be parted cannot arrive in two orders. Here nothing has to be confirmed before the run, because there is "
                "nothing in between.",
            ),
            "B": Option(
                "No: two requests are sent behind the scenes, and the race is the same.",
                "The journal has one request, `createResponse`, and the text in it.",
                "the SDK sends two requests",
            ),
            "C": Option(
                "Only as long as no other response is at work in the conversation.",
                "Then the whole request is refused, text and all (`conversation_locked`). It never happens that a response starts and its "
                "own input is missing.",
                "the lock drops the input",
            ),
        },
    ),
    "lost-response": Question(
        "11",
        "C",
        {
            "A": Option(
                "Once: the service recognises the repeated request.",
                "By what? Two requests that look alike may be two customers' clicks. There is no idempotency key in either.",
                "the service recognises repetitions",
            ),
            "B": Option(
                "Once, and a 400: the first response still holds the lock.",
                "So it was with `runs.create`, whose reply comes at once. This reply was held back until the response had ended, and was "
                "lost then: by the time of the repetition the lock is open.",
                "the lock saves us",
            ),
            "C": Option(
                "Twice, with two answers, and no exception.",
                "The SDK repeated what had been carried out. Two responses, paid for twice, and the customer's question twice in what "
                "every later response reads.",
            ),
        },
    ),
}

"""The predictions of lesson 11. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

SUNSET: dict[str, Question] = {
    "failed-response": Question(
        "11",
        "A",
        {
            "A": Option(
                "It returns a response whose `status` is `failed` and whose `output_text` is empty.",
                "So look at the status first and at the text second. A program that returns `output_text` unchecked "
                "answers its customer with an empty string and logs no error.",
            ),
            "B": Option(
                "It raises an exception, because there is no answer.",
                "The request was valid and was answered with 200. As with runs, `status` says how the work ended, and `error` says why.",
                "a failed response raises",
            ),
            "C": Option(
                "The SDK repeats it, up to two times.",
                "The SDK repeats requests that fail. This request succeeded; the work that it started did not.",
                "failed responses are retried",
            ),
        },
    ),
    "left-by-a-failure": Question(
        "11",
        "A",
        {
            "A": Option(
                "Nothing of this turn: input and output are added when the response has completed.",
                "The question was part of the request that failed. To ask again you must send it again; on a thread you"
                " would only start another run.",
            ),
            "B": Option(
                "The question, without an answer: it had been accepted.",
                "That is what a thread looks like. There the message was a separate request, and what was confirmed stays.",
                "the question stays, as on a thread",
            ),
            "C": Option(
                "The question, and an item that says that the response failed.",
                "Items are messages, calls and their outputs. The failure is recorded in the response alone, and you "
                "need its id to see it.",
                "failures are items",
            ),
        },
    ),
    "one-request": Question(
        "11",
        "B",
        {
            "A": Option(
                "No: two requests are sent behind the scenes, and the race is the same.",
                "The journal has one request, `createResponse`, with the text in it.",
                "the SDK sends two requests",
            ),
            "B": Option(
                "Yes, in every order: the message and the request for an answer are one request.",
                "One request cannot arrive in two orders. Nothing has to be confirmed before the run, because nothing comes in between.",
            ),
            "C": Option(
                "Only as long as no other response is at work in the conversation.",
                "In that case the whole request is refused, text included (`conversation_locked`). A response never "
                "starts without its own input.",
                "the lock drops the input",
            ),
        },
    ),
    "lost-response": Question(
        "11",
        "B",
        {
            "A": Option(
                "Once: the service recognises the repeated request.",
                "How could it? Two identical requests may be two clicks. Neither carries an idempotency key.",
                "the service recognises repetitions",
            ),
            "B": Option(
                "Twice, with two answers, and no exception.",
                "The SDK repeated what had been carried out. There are two responses, both paid for, and the customer's"
                " question is now twice in what every later response reads.",
            ),
            "C": Option(
                "Once, and a 400: the first response still holds the lock.",
                "That was so with `runs.create`, whose reply comes at once. This reply was held back until the response"
                " had ended and was lost then; by the time of the repetition the lock is released.",
                "the lock saves us",
            ),
        },
    ),
}

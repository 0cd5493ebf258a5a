"""The predictions of lesson 13. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

TODAY: dict[str, Question] = {
    "look-then-post": Question(
        "13",
        "C",
        {
            "A": Option(
                "No: the list says which run is active, so the message is sent only when there is none.",
                "The list said so when it was read. Until the message arrives, another caller can start a run.",
                "looking first is enough",
            ),
            "B": Option(
                "No: the service queues a message that arrives at a bad moment.",
                "The service refuses it, as in lesson 04. A queue is something you have to build.",
                "the service queues for me",
            ),
            "C": Option(
                "Yes: between the look and the message another caller can start a run.",
                "Check, then act: the two are separate requests. Only a lane, or the service's own answer, decides.",
            ),
        },
    ),
    "what-the-second-run-reads": Question(
        "13",
        "A",
        {
            "A": Option(
                "Both messages, and no answer in between that says anything.",
                "Interrupting stops the work and keeps what was said. (The third message that it reads is the unfinished reply: empty.) "
                "That is why the expert understands the correction.",
            ),
            "B": Option(
                "Only the second message: the first turn was cancelled.",
                "Cancelling a run changes nothing on the thread. To remove the message you would have to delete it: that is a rollback.",
                "cancelling undoes the message",
            ),
            "C": Option(
                "Both messages, and the half of the answer that was written.",
                "On this service an unfinished answer has no stored text. Other stacks do keep what was done so far; look it up for yours.",
                "half an answer is kept everywhere",
            ),
        },
    ),
    "too-late-to-cancel": Question(
        "13",
        "B",
        {
            "A": Option(
                "Nothing: a cancelled run writes no answer.",
                "The request to cancel was accepted. That is a request, not a result: the run was almost done, and completed.",
                "asked to cancel means cancelled",
            ),
            "B": Option(
                "The answer to the message that was rolled back.",
                "The run completed although it was being cancelled, and its answer is on the thread. A rollback has to look once more.",
            ),
            "C": Option(
                "Nothing: deleting a message deletes the answer to it.",
                "The thread does not know which message an answer belongs to. Deleting removes one message, the one that you name.",
                "an answer goes with its question",
            ),
        },
    ),
}

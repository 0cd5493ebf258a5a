"""The predictions of lessons 10 and 12. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

LAST: dict[str, Question] = {
    "streaming-is-faster": Question(
        "10",
        "B",
        {
            "A": Option(
                "The first word comes earlier, and the end comes later: many small events take longer than one reply.",
                "The events are sent while the words are written, so sending them delays the end by nothing worth measuring.",
                "many events are slow",
            ),
            "B": Option(
                "The first word comes earlier; the answer is complete at the same time as before, give or take a pause between polls.",
                "The words are written at the same pace either way. A listener gets each one as it is written; a poller"
                " gets them all at the end, up to one pause late.",
            ),
            "C": Option(
                "Both come earlier: a run that streams does not have to store anything before it is done.",
                "It is the same run, and it stores the same message. The stream reports on it and changes nothing in it.",
                "a stream is a faster run",
            ),
        },
    ),
    "stream-breaks": Question(
        "10",
        "C",
        {
            "A": Option(
                "It is cancelled: there is no listener any more.",
                "A run is cancelled only by a request to cancel it. The service does not treat a broken connection as one.",
                "the listener keeps the run alive",
            ),
            "B": Option(
                "It ends as `incomplete`, and the message keeps the two words that were sent.",
                "`incomplete` is about token limits. A run does not know how many of its words reached anyone.",
                "only what was sent is stored",
            ),
            "C": Option(
                "It completes, and the whole message is stored.",
                "A run belongs to its thread. The stream only shows it; when the stream breaks, the work goes on.",
            ),
        },
    ),
    "runs-again-at-once": Question(
        "10",
        "A",
        {
            "A": Option(
                "A 400: the thread already has an active run, the first one.",
                "The first run is still at work and has locked the thread. Its answer is a second away, and the code reports an error.",
            ),
            "B": Option(
                "The rest of the words: the stream continues where it broke off.",
                "`runs.create` creates. The Assistants protocol has no operation that attaches a new stream to an existing run.",
                "a stream can be reopened",
            ),
            "C": Option(
                "The same answer once more, from its first word.",
                "That happens a few seconds later, once the first run has ended: two runs and two answers, both paid for.",
                "a second run replaces the first",
            ),
        },
    ),
    "who-remembers": Question(
        "12",
        "A",
        {
            "A": Option(
                "Those whose row was committed, and no others.",
                "A process that starts again knows only what was written down. So the row comes first, before anything waits.",
            ),
            "B": Option(
                "All five: a task that was created is kept by the event loop.",
                "The event loop lives in the memory of the process. It dies with the process, and so do its tasks, queues and locks.",
                "a queue is a record",
            ),
            "C": Option(
                "Those whose message is on a thread: the service remembers them.",
                "It does, but there is nothing to ask it: no list says which threads exist and which of their questions are still open.",
                "the service remembers for us",
            ),
        },
    ),
    "where-it-breaks": Question(
        "12",
        "B",
        {
            "A": Option(
                "`no_key`: a message without a key cannot be found again.",
                "That mistake matters too, but only when a reply is lost. On a calm morning it does no harm.",
                "every fault shows every mistake",
            ),
            "B": Option(
                "None of them.",
                "A calm morning tests almost nothing. A reply has to be lost, a run has to fail or a process has to die before they show.",
            ),
            "C": Option(
                "All three: a mistake is a mistake.",
                "Each of them works when nothing goes wrong. That is why such mistakes reach production.",
                "it worked, so it works",
            ),
        },
    ),
}

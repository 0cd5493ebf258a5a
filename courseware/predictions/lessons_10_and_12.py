"""The predictions of lessons 10 and 12. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

LAST: dict[str, Question] = {
    "streaming-is-faster": Question(
        "10",
        "B",
        {
            "A": Option(
                "Both come earlier: a run that streams does not have to store anything before it is done.",
                "It is the same run and it stores the same message. The stream tells you about it, and changes nothing in it.",
                "a stream is a faster run",
            ),
            "B": Option(
                "The first word comes earlier; the answer is complete when it was before, give or take a gap between polls.",
                "The words are written at the same pace either way. Whoever listens hears each when it is written; whoever polls gets them "
                "all at the end, up to one gap late.",
            ),
            "C": Option(
                "The first word comes earlier, and the end comes later: many small events take longer than one reply.",
                "The events are sent while the words are written, so their transport adds nothing worth measuring to the end.",
                "many events are slow",
            ),
        },
    ),
    "stream-breaks": Question(
        "10",
        "C",
        {
            "A": Option(
                "It is cancelled: nobody listens any more.",
                "A cancelled run is one that somebody cancelled, with a request. The service does not take a broken connection for one.",
                "the listener holds the run",
            ),
            "B": Option(
                "It ends as `incomplete`, and the message keeps the two words that were sent.",
                "`incomplete` is about limits of tokens. How many of its words were read by somebody, a run does not know.",
                "only what was sent is stored",
            ),
            "C": Option(
                "It completes, and the message is stored whole.",
                "A run belongs to its thread. The stream is a window on it; when the window falls shut, the work behind it goes on.",
            ),
        },
    ),
    "runs-again-at-once": Question(
        "10",
        "A",
        {
            "A": Option(
                "A 400: the thread already has an active run, the first one.",
                "The first run is still at work, and it has the thread locked. Its answer is a second away, and the code reports an error.",
            ),
            "B": Option(
                "The same answer once more, from its first word.",
                "That is what happens a few seconds later, when the first run has ended: two runs and two answers, both paid for.",
                "a second run replaces the first",
            ),
            "C": Option(
                "The rest of the words: the stream is taken up where it broke.",
                "`runs.create` creates. There is no operation that attaches a new stream to a run of the Assistants protocol.",
                "a stream can be reopened",
            ),
        },
    ),
    "who-remembers": Question(
        "12",
        "B",
        {
            "A": Option(
                "All five: a task that was created is kept by the event loop.",
                "The event loop is in the memory of the process. It dies with it, and so do its tasks, queues and locks.",
                "a queue is a record",
            ),
            "B": Option(
                "Those whose row was committed, and no others.",
                "A process that starts again knows what was written down. So the row comes first, before anything that waits.",
            ),
            "C": Option(
                "Those whose message is on a thread: the service remembers them.",
                "It does, but nobody would ask it: which threads are there, and which of their questions are still open, is in no list.",
                "the service remembers for us",
            ),
        },
    ),
    "where-it-breaks": Question(
        "12",
        "C",
        {
            "A": Option(
                "`no_key`: a message without a key cannot be found again.",
                "That one fails too, but only where a reply is lost. In calm weather it is as good as any.",
                "every fault shows every mistake",
            ),
            "B": Option(
                "All three: a mistake is a mistake.",
                "Each of them works in calm weather. That is why they get into production.",
                "works once, works",
            ),
            "C": Option(
                "None of them.",
                "Calm weather tests nothing but the grammar. A reply has to be lost, a run has to fail, a process has to die, before they "
                "differ.",
            ),
        },
    ),
}

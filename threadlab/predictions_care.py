"""The predictions of lessons 08 and 09. `threadlab.predictions` has them all."""

from threadlab.prediction import Option, Question

CARE: dict[str, Question] = {
    "thread-lifetime": Question(
        "08",
        "C",
        {
            "A": Option(
                "It is gone: threads expire after 30 days without use.",
                "That is read in many places, and so is 60 days. What took 30 days at the hosted service is something else: until then it "
                "had purged what was deleted.",
                "threads expire",
            ),
            "B": Option(
                "It is there, but empty: messages are dropped with time, the thread stays.",
                "A run may leave old messages out of what it reads. On the thread they stay.",
                "messages expire",
            ),
            "C": Option(
                "It is there with all that was said: a thread stays until somebody deletes it.",
                "Nothing at the service looks at its age. Whoever wants it gone has to say so, thread by thread.",
            ),
        },
    ),
    "age-of-a-thread": Question(
        "08",
        "B",
        {
            "A": Option(
                "Ben's alone: Ada's thread was in use this morning.",
                "The script never asked about that. `created_at` does not move when a thread is used.",
                "created means last used",
            ),
            "B": Option(
                "All three: each was created eight weeks ago.",
                "The regular customer's thread is as old as the one that was used once. Its age says how long somebody has been with you.",
            ),
            "C": Option(
                "None: the service refuses to delete threads that are in use.",
                "It refuses nothing here. Even a thread with a run under way can be deleted; the run is gone with it.",
                "the service protects what is in use",
            ),
        },
    ),
    "killed-between-records": Question(
        "08",
        "B",
        {
            "A": Option(
                "The next night's job deletes it: it goes through the table from the beginning.",
                "It goes through the rows that are *due*. This one says that it is done.",
                "the next run mends everything",
            ),
            "B": Option(
                "It stays for good: its row says deleted, and no job will look at it again.",
                "The row lies, and it was the only way to the thread. What the table says has to be true already, or to be asked again.",
            ),
            "C": Option(
                "Nothing is lost: the commit is undone when the process dies.",
                "What is not committed is undone. This was committed; and a request to another computer is in no transaction of yours.",
                "a transaction covers the request",
            ),
        },
    ),
}

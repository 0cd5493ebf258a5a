"""The predictions of lessons 08 and 09. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

CARE: dict[str, Question] = {
    "thread-lifetime": Question(
        "08",
        "C",
        {
            "A": Option(
                "It is gone: threads expire after 30 days without use.",
                "That is read in many places, and so is 60 days. What was promised within 30 days at the hosted service is something else: "
                "the purge of what had been *deleted*.",
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
    "who-runs-the-tool": Question(
        "09",
        "B",
        {
            "A": Option(
                "Two: the service has called the function, and waits for us to confirm.",
                "The service has never seen the function. All it has is a description; it asks, and whoever holds the function decides.",
                "the service runs the tools",
            ),
            "B": Option(
                "None: the run has asked us to do it, and waits.",
                "`requires_action` means you. Until your program acts, nothing has happened but a question.",
            ),
            "C": Option(
                "One: the second is called when the first has been answered.",
                "Both are asked for at once, and both outputs are wanted in one request. In which order you run them is your affair.",
                "one call after the other",
            ),
        },
    ),
    "outputs-reply-lost": Question(
        "09",
        "A",
        {
            "A": Option(
                "It raises `BadRequestError`: the run does not accept tool outputs. And yet it has them.",
                "The first request was carried out, and the run went on. The SDK repeats it half a second later and meets a run that asks "
                "for nothing any more. The 400 is about the repetition.",
            ),
            "B": Option(
                "It returns the run: the SDK repeats the request, and the service recognises it by the calls' ids.",
                "The service compares the ids with what the run is asking for *now*, and now it asks for nothing.",
                "the service recognises repetitions",
            ),
            "C": Option(
                "It raises `APIConnectionError`: a request that changes something is not repeated.",
                "The SDK repeats every request, those that change something included (lesson 05).",
                "the SDK repeats only what is safe",
            ),
        },
    ),
    "slow-tool": Question(
        "09",
        "C",
        {
            "A": Option(
                "They are taken: while it is `requires_action`, the clock of the run stands still.",
                "It runs from the run's creation to `expires_at`, whoever has to act.",
                "requires_action stops the clock",
            ),
            "B": Option(
                "They are taken, and a new run is started with them.",
                "An expired run is over, and nobody starts another one but you. That one would ask for the tool again, under a new id.",
                "expired runs go on in another",
            ),
            "C": Option(
                "They are refused: the run has expired. The table is booked, and only we know.",
                "The step says `expired` and has no output. What the tool did is in your own record, or nowhere.",
            ),
        },
    ),
}

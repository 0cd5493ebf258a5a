"""The predictions of lessons 08 and 09. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

CARE: dict[str, Question] = {
    "thread-lifetime": Question(
        "08",
        "C",
        {
            "A": Option(
                "It is gone: threads expire after 30 days without use.",
                "Many texts say so; others say 60 days. What the hosted service promised within 30 days is something "
                "else: purging what had been *deleted*.",
                "threads expire",
            ),
            "B": Option(
                "It is there, but empty: messages are dropped over time, the thread stays.",
                "A run may leave old messages out of what it reads. They stay on the thread.",
                "messages expire",
            ),
            "C": Option(
                "It is there with everything that was said: a thread stays until it is deleted.",
                "The service does not look at a thread's age. If you want it gone, you have to delete it, thread by thread.",
            ),
        },
    ),
    "age-of-a-thread": Question(
        "08",
        "B",
        {
            "A": Option(
                "None: the service refuses to delete threads that are in use.",
                "It refuses nothing here. Even a thread with an active run can be deleted, and the run goes with it.",
                "the service protects what is in use",
            ),
            "B": Option(
                "All three: each was created eight weeks ago.",
                "The regular customer's thread is as old as the one that was used once. Its age only says how long "
                "someone has been your customer.",
            ),
            "C": Option(
                "Ben's alone: Ada's thread was in use this morning.",
                "The script never asked about that. `created_at` does not change when a thread is used.",
                "created means last used",
            ),
        },
    ),
    "killed-between-records": Question(
        "08",
        "A",
        {
            "A": Option(
                "It stays for good: its row says deleted, and no job will look at it again.",
                "The row is wrong, and it was the only way to the thread. A row may only say what is already true, or "
                "what will be checked again.",
            ),
            "B": Option(
                "The next night's job deletes it: it goes through the table from the beginning.",
                "It goes through the rows that are *due*. This row says that it is done.",
                "the next run repairs everything",
            ),
            "C": Option(
                "Nothing is lost: the commit is undone when the process dies.",
                "What is not committed is undone. This was committed; and a request to another computer is part of no "
                "transaction of yours.",
                "a transaction covers the request",
            ),
        },
    ),
    "who-runs-the-tool": Question(
        "09",
        "A",
        {
            "A": Option(
                "None: the run has asked us to do it, and waits.",
                "`requires_action` addresses you. Until your program acts, nothing has happened except a request.",
            ),
            "B": Option(
                "One: the second is called once the first has been answered.",
                "Both are requested at once, and both outputs belong in one submission. The order in which you run them is up to you.",
                "one call after the other",
            ),
            "C": Option(
                "Two: the service has called the function, and waits for us to confirm.",
                "The service has never seen the function. It has only a description; it asks, and the program that has "
                "the function decides.",
                "the service runs the tools",
            ),
        },
    ),
    "outputs-reply-lost": Question(
        "09",
        "C",
        {
            "A": Option(
                "It raises `APIConnectionError`: a request that changes something is not repeated.",
                "The SDK retries every request, including those that change something (lesson 05).",
                "the SDK retries only what is safe",
            ),
            "B": Option(
                "It returns the run: the SDK repeats the request, and the service recognises it by the calls' ids.",
                "The service compares the ids with what the run is asking for *now*, and now it asks for nothing.",
                "the service recognises repetitions",
            ),
            "C": Option(
                "It raises `BadRequestError`: the run does not accept tool outputs, although it already has them.",
                "The first request was carried out, and the run went on. The SDK repeats it half a second later, when "
                "the run no longer asks for anything. The 400 is about the repetition.",
            ),
        },
    ),
    "slow-tool": Question(
        "09",
        "A",
        {
            "A": Option(
                "They are refused: the run has expired. The table is booked, and only we know.",
                "The step says `expired` and has no output. What the tool did is in your own record or nowhere.",
            ),
            "B": Option(
                "They are accepted, and a new run is started with them.",
                "An expired run is over, and only you can start another one. That one would ask for the tool again, under a new id.",
                "expired runs go on in another",
            ),
            "C": Option(
                "They are accepted: while the run is `requires_action`, its clock stands still.",
                "The clock runs from the run's creation to `expires_at`, no matter who has to act.",
                "requires_action stops the clock",
            ),
        },
    ),
}

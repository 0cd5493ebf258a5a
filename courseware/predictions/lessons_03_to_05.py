"""The predictions of lessons 03 to 05. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

LATE: dict[str, Question] = {
    "waits-for-completed": Question(
        "03",
        "A",
        {
            "A": Option(
                "It asks forever: `failed` is not `completed`, and the status will not change again.",
                "A run has five ends and stays at the one it reached. A loop that knows only one of them never leaves at the other four.",
            ),
            "B": Option(
                "It ends with an answer a little later: the service tries a failed run again.",
                "Nothing retries a run unless you do, by creating another one.",
                "failed runs are retried",
            ),
            "C": Option(
                "`retrieve` raises an exception, since the run failed.",
                "The request succeeded, and its reply says how the run ended. Exceptions report failed requests; a "
                "failed run is reported in `status` and `last_error`.",
                "a failed run raises",
            ),
        },
    ),
    "capped-gaps": Question(
        "03",
        "A",
        {
            "A": Option(
                "About 33 requests, and up to 10 seconds late.",
                "Four short pauses take 15 seconds; after that, one request every ten seconds: (300 − 15) / 10, plus "
                "the four. You are never later than one pause.",
            ),
            "B": Option(
                "About 9 requests, and up to five minutes late: doubling gets there fast.",
                "That is doubling without a cap: pauses of 1, 2, 4 … 256 seconds, the last as long as all those before it together.",
                "the cap changes nothing",
            ),
            "C": Option(
                "About 300 requests, and up to 1 second late.",
                "That is a constant second, like the SDK's `runs.poll`.",
                "pauses do not grow",
            ),
        },
    ),
    "poll-timeout": Question(
        "03",
        "C",
        {
            "A": Option(
                "After 5 seconds it returns the run as it is then, `in_progress`.",
                "It never returns a run that is still under way, however long that takes.",
                "poll returns unfinished runs",
            ),
            "B": Option(
                "After 5 seconds it raises `APITimeoutError`.",
                "Only if a single request takes longer than that. Here every poll was answered at once, with `in_progress`.",
                "timeout is a deadline",
            ),
            "C": Option(
                "It polls until the run expires, about ten minutes later: `timeout` applies to each request.",
                "`timeout` limits a single request. Nothing limits the polling as a whole: `runs.poll` has no deadline.",
            ),
        },
    ),
    "order-of-a-wait": Question(
        "03",
        "B",
        {
            "A": Option(
                "4 2 3 5 1",
                "It sleeps up to the deadline and gives up without asking once more. A run that ended during the last pause is missed.",
                "no last look is needed",
            ),
            "B": Option(
                "4 2 5 3 1",
                "Ask, look at the status, then at the clock, then sleep. The last pause ends at the deadline, and one more look follows.",
            ),
            "C": Option(
                "4 5 2 3 1",
                "The clock is checked between the reply and the status. The last reply says `completed`, and the code never looks at it.",
                "the clock comes before the answer",
            ),
        },
    ),
    "sync-sixth": Question(
        "04",
        "A",
        {
            "A": Option(
                "Yes: `messages.create` returned, so the message was stored before the run was asked for.",
                "The call returns when the service's reply is here, and the reply says that the message has an id. A "
                "message confirmed before the run was requested is among those the run reads.",
            ),
            "B": Option(
                "It depends on the network: a slow one delivers the run first.",
                "Not here: there is never more than one request in flight. The second is sent only after the first was "
                "answered, however slow the network is.",
                "synchronous code can race",
            ),
            "C": Option(
                "No: a run reads the messages of earlier turns only.",
                "A run reads what is on the thread when it is created, including the newest message. The service knows nothing of turns.",
                "one turn behind",
            ),
        },
    ),
    "async-sixth": Question(
        "04",
        "B",
        {
            "A": Option(
                "Yes: the task was created before the run, so its request is sent first and arrives first.",
                "`create_task` only schedules the coroutine; it runs when the code next waits. And of two requests in "
                "flight, either can arrive first.",
                "started means done",
            ),
            "B": Option(
                "It depends: two requests are in flight, and either can arrive first.",
                "The call was started, not confirmed. If the message arrives first, the run reads six messages; if the "
                "run arrives first, it reads five, and the message is refused.",
            ),
            "C": Option(
                "No: what is not awaited is never sent.",
                "That is true of a coroutine that is never awaited. The event loop runs a task whether or not anything awaits it.",
                "a task needs an await",
            ),
        },
    ),
    "silent-task": Question(
        "04",
        "B",
        {
            "A": Option(
                "The program stops with `BadRequestError` at the next `await`.",
                "An `await` raises the errors of what it awaits, and nothing awaits this task.",
                "any await raises the error",
            ),
            "B": Option(
                "Nothing: the function returns an answer as if all were well.",
                "The error stays inside the task until something looks at it. When the task is garbage-collected, "
                "Python logs a line, some time later and far from the cause.",
            ),
            "C": Option(
                "The program stops with `BadRequestError` at the line that creates the task.",
                "That line finished long before the reply came. It cannot raise an error that has not happened yet.",
                "a task raises where it was started",
            ),
        },
    ),
    "gather-both": Question(
        "04",
        "C",
        {
            "A": Option(
                "Yes: `gather` waits for both, so the message is confirmed.",
                "It is confirmed in the end, but the run was sent before that. What counts is what had been confirmed "
                "when the run was sent.",
                "gather orders its arguments",
            ),
            "B": Option(
                "Yes: `gather` runs its arguments one after the other.",
                "It starts them all at once; that is its purpose.",
                "gather is a queue",
            ),
            "C": Option(
                "No: `gather` waits for both but does not order them.",
                "Both requests are in flight together, as with the task. `gather` does raise their errors, so at least "
                "the refusal is noticed.",
            ),
        },
    ),
    "order-of-a-turn": Question(
        "04",
        "B",
        {
            "A": Option(
                "1 2 4 3 5",
                "The run is created before the message is confirmed: line 4 is where the code waits for the reply.",
                "run before confirm",
            ),
            "B": Option(
                "1 4 2 3 5",
                "Send, confirm, run, wait, read. Each step begins when the previous one is known to be done.",
            ),
            "C": Option(
                "1 4 2 5 3",
                "It reads before the run has ended, when the reply is not on the thread yet.",
                "read before wait",
            ),
        },
    ),
    "long-retry-after": Question(
        "05",
        "B",
        {
            "A": Option(
                "It waits 300 seconds and tries again.",
                "It would wait 100 seconds. Above 120 it leaves the decision to you instead of blocking your program that long.",
                "Retry-After is always obeyed",
            ),
            "B": Option(
                "It raises at once: 300 is more than the 120 seconds that the SDK is willing to wait.",
                "Above 120 seconds the SDK does not retry at all. Whether to wait five minutes is up to you; the number"
                " is in the error's headers.",
            ),
            "C": Option(
                "It ignores the header and tries twice more, with its own short pauses.",
                "Its own pauses are used when there is no such header. Trying earlier than the service asks would only be refused again.",
                "Retry-After is only advice",
            ),
        },
    ),
    "lost-reply": Question(
        "05",
        "C",
        {
            "A": Option(
                "None, and an exception: a lost reply is an error.",
                "The message was stored before the reply was lost. And the SDK retries before it raises; the second attempt succeeded.",
                "no reply means not done",
            ),
            "B": Option(
                "One: the SDK repeats the request, and the service recognises the repetition.",
                "How could it? The SDK sends no idempotency key, and sending the same text twice in a row is perfectly legal.",
                "repeats are recognised",
            ),
            "C": Option(
                "Two, and no exception: both requests were valid.",
                "The service carried out both. Your code sees one call that returned one message, the second.",
            ),
        },
    ),
    "own-active-run": Question(
        "05",
        "C",
        {
            "A": Option(
                "None that works: a 400 means that nothing was started.",
                "The *second* request started nothing. The first had already been carried out.",
                "an error undoes earlier attempts",
            ),
            "B": Option(
                "Someone else's: another process was quicker.",
                "It looks exactly like that, which is why you need a key. Here nothing else uses the thread.",
                "an active run is someone else's",
            ),
            "C": Option(
                "Our own: the first request was carried out, and the second ran into its result.",
                "The journal shows it: the run named in the refusal is the one that the lost reply would have named.",
            ),
        },
    ),
}

"""The predictions of lessons 03 to 05. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

LATE: dict[str, Question] = {
    "waits-for-completed": Question(
        "03",
        "B",
        {
            "A": Option(
                "`retrieve` raises an exception, since the run failed.",
                "The request was fine, and its reply says how the run ended. Exceptions tell of failed requests; a run's failure is in "
                "its `status` and `last_error`.",
                "a failed run raises",
            ),
            "B": Option(
                "It asks for ever: `failed` is not `completed`, and no later status comes.",
                "A run has five ends, and stays at the one that it reached. A loop that knows one of them never leaves at the other four.",
            ),
            "C": Option(
                "It ends with an answer a little later: the service tries a failed run again.",
                "Nobody tries a run again but you, by creating another one.",
                "failed runs are repeated",
            ),
        },
    ),
    "capped-gaps": Question(
        "03",
        "C",
        {
            "A": Option(
                "About 9 requests, and up to five minutes late: doubling gets there fast.",
                "That is doubling without a cap: gaps of 1, 2, 4 … 256 seconds, the last as long as all before it together.",
                "the cap changes nothing",
            ),
            "B": Option(
                "About 300 requests, and up to 1 second late.",
                "That is a constant second, the same as the SDK's `runs.poll`.",
                "gaps do not grow",
            ),
            "C": Option(
                "About 33 requests, and up to 10 seconds late.",
                "Four short gaps take 15 seconds, then one in ten: (300 − 15) / 10, and the four. You are never later than one gap.",
            ),
        },
    ),
    "poll-timeout": Question(
        "03",
        "B",
        {
            "A": Option(
                "After 5 seconds it raises `APITimeoutError`.",
                "Only if a single request takes longer than that. Each poll here was answered at once, with `in_progress`.",
                "timeout is a deadline",
            ),
            "B": Option(
                "It polls until the run expires, about ten minutes later: `timeout` belongs to each request.",
                "`timeout` says how long one request may take. How long the polling may take, nothing says: `runs.poll` has no deadline.",
            ),
            "C": Option(
                "After 5 seconds it returns the run as it is then, `in_progress`.",
                "It never returns a run that is under way, however long that takes.",
                "poll returns unfinished runs",
            ),
        },
    ),
    "order-of-a-wait": Question(
        "03",
        "C",
        {
            "A": Option(
                "1 3 2 4 5",
                "The clock comes between the answer and its reading. The last question comes back `completed`, and nobody looks.",
                "the clock before the answer",
            ),
            "B": Option(
                "1 2 4 3 5",
                "It sleeps up to the deadline and gives up without asking once more. What ended during the last gap is lost.",
                "gives up without a last look",
            ),
            "C": Option(
                "1 2 3 4 5",
                "Ask, look at the answer, then at the clock, then sleep. The last gap ends at the deadline, and one more look follows.",
            ),
        },
    ),
    "sync-sixth": Question(
        "04",
        "A",
        {
            "A": Option(
                "Yes: `messages.create` returned, so the message was stored before the run was asked for.",
                "The call returns when the service's reply is here, and the reply says that the message has an id. What was confirmed "
                "before the run was asked for is in what the run reads.",
            ),
            "B": Option(
                "No: a run reads the messages of earlier turns only.",
                "A run reads what is on the thread when it is created, the newest message included. There are no turns to the service.",
                "one turn behind",
            ),
            "C": Option(
                "It depends on the network: a slow one delivers the run first.",
                "Not here: there is never more than one request under way. The second is sent after the first was answered, however slow.",
                "sync can race",
            ),
        },
    ),
    "async-sixth": Question(
        "04",
        "C",
        {
            "A": Option(
                "Yes: the task was created before the run, so its request is sent first and arrives first.",
                "`create_task` only puts the coroutine in line; it runs when the code next waits. And of two requests in flight, either "
                "can arrive first.",
                "started is done",
            ),
            "B": Option(
                "No: what is not awaited is never sent.",
                "That is true of a coroutine that nobody awaits. A task is run by the event loop whether or not anybody awaits it.",
                "a task needs an await",
            ),
            "C": Option(
                "It depends: two requests are in flight, and either can arrive first.",
                "The call was started, not confirmed. If the message arrives first, the run reads six; if the run does, it reads five, and "
                "the message is refused.",
            ),
        },
    ),
    "silent-task": Question(
        "04",
        "C",
        {
            "A": Option(
                "The program stops with `BadRequestError` at the line that creates the task.",
                "That line was over long before the reply came. It cannot raise what is not known yet.",
                "raises where started",
            ),
            "B": Option(
                "The program stops with `BadRequestError` at the next `await`.",
                "An `await` raises the errors of what it awaits, and nobody awaits this task.",
                "any await raises it",
            ),
            "C": Option(
                "Nothing: the function returns an answer as if all were well.",
                "The error waits inside the task for somebody to look. When the task is thrown away, Python writes a line to the log, at "
                "some later time, far from the cause.",
            ),
        },
    ),
    "gather-both": Question(
        "04",
        "B",
        {
            "A": Option(
                "Yes: `gather` waits for both, so the message is confirmed.",
                "It is confirmed in the end, but the run was sent before that. What counts is what was confirmed when the run was sent.",
                "gather puts in order",
            ),
            "B": Option(
                "No: `gather` waits for both, and puts them in no order.",
                "Both requests are in flight together, as with the task. `gather` looks at the errors, so at least the refusal is heard.",
            ),
            "C": Option(
                "Yes: `gather` runs its arguments one after the other.",
                "It starts them all at once; that is what it is for.",
                "gather is a queue",
            ),
        },
    ),
    "order-of-a-turn": Question(
        "04",
        "C",
        {
            "A": Option(
                "1 2 4 3 5",
                "The run is created before the message was confirmed: line 4 is where the reply is waited for.",
                "run before confirm",
            ),
            "B": Option(
                "1 4 2 5 3",
                "It reads before the run has ended: the reply is not on the thread yet.",
                "read before wait",
            ),
            "C": Option(
                "1 4 2 3 5",
                "Send, confirm, run, wait, read. Each begins when the one before is known to be done.",
            ),
        },
    ),
    "long-retry-after": Question(
        "05",
        "A",
        {
            "A": Option(
                "It raises at once: 300 is more than the 120 seconds that it is willing to wait.",
                "Over 120 seconds the SDK does not repeat at all. Whether to wait five minutes is left to you, with the number in the "
                "error's headers.",
            ),
            "B": Option(
                "It waits 300 seconds and tries again.",
                "It would for 100. Over 120 it leaves the decision to you, rather than hold your program for so long.",
                "Retry-After is always obeyed",
            ),
            "C": Option(
                "It ignores the header and tries twice, with its short pauses.",
                "Its own pauses are for when there is no such header. Trying earlier than the service asks would only be refused again.",
                "Retry-After is advice",
            ),
        },
    ),
    "lost-reply": Question(
        "05",
        "C",
        {
            "A": Option(
                "One: the SDK repeats the request, and the service recognises it.",
                "By what? The SDK sends no idempotency key, and two equal messages in a row are a legitimate thing to say.",
                "repeats are recognised",
            ),
            "B": Option(
                "None, and an exception: a lost reply is an error.",
                "The message was stored before the reply was lost. And the SDK repeats before it raises; the second attempt succeeded.",
                "no reply, not done",
            ),
            "C": Option(
                "Two, and no exception: both requests were good.",
                "The service carried out both. Your code sees one call that returned one message, the second.",
            ),
        },
    ),
    "own-active-run": Question(
        "05",
        "B",
        {
            "A": Option(
                "None that works: a 400 means that nothing was started.",
                "Nothing was started by the *second* request. The first one had been carried out.",
                "an error undoes the attempts before",
            ),
            "B": Option(
                "Our own: the first request was carried out, and the second met its result.",
                "The journal shows it: the run's id in the refusal is that of the run which the lost reply would have named.",
            ),
            "C": Option(
                "Somebody else's: another process was quicker.",
                "It looks just like that, which is why a key is needed. Here nobody else is on the thread.",
                "an active run is somebody else's",
            ),
        },
    ),
}

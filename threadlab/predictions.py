"""The predictions that the lessons ask for: options, which is right, and what is to be said about each.

They stand here and not in the notebooks so that nobody reads an answer by accident. A wrong option bears the name of the misconception
behind it; the same name marks wrong submissions and feedback.
"""

from typing import NamedTuple


class Option(NamedTuple):
    """One possible answer."""

    text: str
    """As the notebook shows it."""
    why: str
    """Why it is right, or what is wrong with it."""
    name: str = ""
    """The misconception behind it; empty for the right answer."""


class Question(NamedTuple):
    """One prediction."""

    lesson: str
    """The number of the lesson that asks it."""
    right: str
    options: dict[str, Option]


QUESTIONS: dict[str, Question] = {
    "first-status": Question(
        "00",
        "B",
        {
            "A": Option(
                "`completed`: the call waits until the answer is written.",
                "The call waits for the run to be accepted, not for it to be done. It returns in milliseconds, and the work comes after.",
                "created is finished",
            ),
            "B": Option(
                "`queued`: the run was accepted, and nothing has been written yet.",
                "Creating a run asks for work. A run starts in the queue, and you learn of every later status only by asking again.",
            ),
            "C": Option(
                "There is no status: the call returns the assistant's text.",
                "A run never holds the text. It has a status; the text becomes a message on the thread.",
                "the run is the answer",
            ),
        },
    ),
    "first-in-list": Question(
        "00",
        "A",
        {
            "A": Option(
                "The assistant's answer: the newest message comes first.",
                "Lists come in descending order of creation, 20 objects a page, unless you ask otherwise.",
            ),
            "B": Option(
                "Your question: a conversation is listed from its beginning.",
                'That is what `order="asc"` gives. Left alone, the list begins with the newest message.',
                "oldest first",
            ),
            "C": Option(
                "The assistant's instructions: they begin every conversation.",
                "Instructions belong to the assistant and are never a message. That is how one assistant serves many threads.",
                "instructions are a message",
            ),
        },
    ),
    "key-removed": Question(
        "00",
        "C",
        {
            "A": Option(
                "The call fails: the key is read from the environment at every call.",
                "A client keeps the key it found when it was made. So a key that is changed later does not reach it either.",
                "read at every call",
            ),
            "B": Option(
                "It depends on whether the key was there when `openai` was imported.",
                "Importing reads no key, though many old texts say so. Further up, `OpenAI()` failed long after the import.",
                "read at import",
            ),
            "C": Option(
                "The call works: the key was read when the client was made.",
                "`OpenAI()` looks into the environment once, and keeps what it finds in `client.api_key`.",
            ),
        },
    ),
    "wrong-key": Question(
        "00",
        "B",
        {
            "A": Option(
                "At `OpenAI(api_key=…)`: it checks the key.",
                "Making a client sends nothing, so it cannot know. It complains only when it finds no key at all.",
                "checked when made",
            ),
            "B": Option(
                "At the first request, as a 401: `AuthenticationError`.",
                "Only the service knows which keys are good. It says 401, and trying again with the same key cannot help.",
            ),
            "C": Option(
                "When the run starts: threads are free, and need no key.",
                "That a call costs nothing does not mean that anybody may make it. Every request carries the key.",
                "free needs no key",
            ),
        },
    ),
    "two-threads": Question(
        "01",
        "B",
        {
            "A": Option(
                "The population of France: the assistant has just been talking about it.",
                "The assistant holds instructions and no memory. What was said is on Ada's thread, and Ben's run does not read that.",
                "the assistant remembers",
            ),
            "B": Option(
                "A question in return: on his thread, no country has been named.",
                "A run reads one thread. “Its” means something to Ada's run, and nothing to Ben's.",
            ),
            "C": Option(
                "An error: the assistant is in use on Ada's thread.",
                "It is the *thread* that is locked while a run is active. One assistant can run on any number of threads at once.",
                "one conversation at a time",
            ),
        },
    ),
    "killed-backend": Question(
        "01",
        "B",
        {
            "A": Option(
                "She gets the population of France: the thread is on the service and survived.",
                "It did survive. But the only thing that led to it was a dictionary in a process that is gone.",
                "stored is found",
            ),
            "B": Option(
                "She is asked which country she means: the new process does not know her thread, and makes another.",
                "The old thread is an orphan from now on: complete, stored, and out of reach.",
            ),
            "C": Option(
                "She gets the population of France: the new process finds her thread by its metadata.",
                "The name is noted there, and no operation searches it. Metadata explains a thread to somebody who has its id.",
                "metadata can be queried",
            ),
        },
    ),
    "order-of-opening": Question(
        "01",
        "C",
        {
            "A": Option(
                "1 4 2 3",
                "Used before it is recorded: killed after line 4, the thread has a message on it and nobody knows its id.",
                "record after use",
            ),
            "B": Option(
                "1 2 4 3",
                "`add` only tells the session. Until the `commit`, nothing is in the database that another process could read.",
                "added is recorded",
            ),
            "C": Option(
                "1 2 3 4",
                "Committed before anything is said. A crash leaves an empty orphan at worst.",
            ),
        },
    ),
    "double-click": Question(
        "01",
        "A",
        {
            "A": Option(
                "The second insert fails: `ben` is the primary key. His conversation is the first one; a second thread is left over.",
                "The key makes a second row impossible, so the two backends agree on one thread without having to speak to each other.",
            ),
            "B": Option(
                "There are two rows, and each backend goes on with its own thread.",
                "That is what happens without a key or a unique constraint: a customer with two conversations, each missing half.",
                "looking first is enough",
            ),
            "C": Option(
                "The service refuses the second thread, since its metadata names the same user.",
                "To the service metadata are notes. Any number of threads can bear the same ones.",
                "metadata is a key",
            ),
        },
    ),
    "refused-then-run": Question(
        "02",
        "A",
        {
            "A": Option(
                "It answers the question before, once more: that is the last message on the thread.",
                "A run reads what is on the thread, and there the last question is still the old one. It cannot know of another.",
            ),
            "B": Option(
                "It fails: there is no new message to answer.",
                "A run needs no new message. You can run an assistant twice on the same thread, and it will speak twice.",
                "a run needs a new message",
            ),
            "C": Option(
                "It waits in `queued` until a message arrives.",
                "It could wait long: while a run is queued its thread is locked, and no message is let in.",
                "a run waits for messages",
            ),
        },
    ),
    "pages-of-twenty": Question(
        "02",
        "B",
        {
            "A": Option(
                "120: a list is a list.",
                "`list` sends one request, and one request brings one page. `page.data` is that page.",
                "a list is complete",
            ),
            "B": Option(
                "20: the newest ones, and `page.has_more` is true.",
                "Twenty is what you get unless you say `limit`. `has_more` is the only hint that something is missing.",
            ),
            "C": Option(
                "100: the most that a request can bring.",
                "One hundred is the largest `limit` that you can ask for. Without asking it is twenty.",
                "the limit is the default",
            ),
        },
    ),
    "failed-run-read": Question(
        "02",
        "C",
        {
            "A": Option(
                "An empty text: the failed run left an empty message.",
                "This run failed before it wrote anything. Others fail half-way and do leave a part; neither is an answer.",
                "a failed run leaves an empty answer",
            ),
            "B": Option(
                "Nothing: it raises, since there is no answer.",
                "It asks for a message of the assistant, and there is one: an old one. Nothing in the question ties it to this run.",
                "a failed run raises",
            ),
            "C": Option(
                "“The capital of Spain is Madrid.”: the answer to an earlier question.",
                "The newest message with that role is the last that *some* run wrote. When this run writes nothing, that is an older one.",
            ),
        },
    ),
    "several-replies": Question(
        "02",
        "B",
        {
            "A": Option(
                "The first message of the three.",
                "The list is filtered by the run, and it is still a list with the newest first.",
                "oldest first",
            ),
            "B": Option(
                "The last message of the three.",
                "`data[0]` is the newest. What the run wrote before it is further down in the same list.",
            ),
            "C": Option(
                "All three, joined: the filter returns the run's answer as one.",
                "A filter leaves out, it joins nothing. Joining is for you to do, in the order in which they were written.",
                "one run, one message",
            ),
        },
    ),
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

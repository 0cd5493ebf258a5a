"""The predictions of lessons 00 to 02. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

EARLY: dict[str, Question] = {
    "first-status": Question(
        "00",
        "B",
        {
            "A": Option(
                "`completed`: the call waits until the answer is written.",
                "The call waits until the run is accepted, not until it is done. It returns within milliseconds; the "
                "work comes afterwards.",
                "created means finished",
            ),
            "B": Option(
                "`queued`: the run was accepted, and nothing has been written yet.",
                "Creating a run asks for work. The run starts in the queue, and you learn about every later status only by asking again.",
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
                "Lists are sorted by creation, newest first, with 20 objects a page, unless you ask for something else.",
            ),
            "B": Option(
                "Your question: a conversation is listed from its beginning.",
                'That is what `order="asc"` gives you. By default the list begins with the newest message.',
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
                "It depends on whether the key was there when `openai` was imported.",
                "Importing reads no key, although many older texts say so. Earlier in this lesson `OpenAI()` failed long after the import.",
                "the key is read at import",
            ),
            "B": Option(
                "The call fails: the key is read from the environment at every call.",
                "A client keeps the key that it found when it was made. A key that is changed later does not reach it either.",
                "the key is read at every call",
            ),
            "C": Option(
                "The call works: the key was read when the client was made.",
                "`OpenAI()` looks in the environment once and keeps what it finds in `client.api_key`.",
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
                "a client checks its key",
            ),
            "B": Option(
                "At the first request, as a 401: `AuthenticationError`.",
                "Only the service knows which keys are valid. It answers 401, and trying again with the same key cannot help.",
            ),
            "C": Option(
                "When the run starts: threads are free, and need no key.",
                "A call that costs nothing is still not open to everyone. Every request carries the key.",
                "what is free needs no key",
            ),
        },
    ),
    "two-threads": Question(
        "01",
        "C",
        {
            "A": Option(
                "An error: the assistant is in use on Ada's thread.",
                "It is the *thread* that is locked while a run is active. One assistant can run on any number of threads at once.",
                "an assistant holds one conversation at a time",
            ),
            "B": Option(
                "The population of France: the assistant has just been talking about it.",
                "The assistant holds instructions and has no memory. What was said is on Ada's thread, and Ben's run "
                "does not read that thread.",
                "the assistant remembers",
            ),
            "C": Option(
                "A question in return: on his thread, no country has been named.",
                "A run reads one thread. “Its” means something to Ada's run and nothing to Ben's.",
            ),
        },
    ),
    "killed-backend": Question(
        "01",
        "C",
        {
            "A": Option(
                "She gets the population of France: the new process finds her thread by its metadata.",
                "The user's name is in the metadata, but no operation searches it. Metadata explains a thread to "
                "someone who already has its id.",
                "metadata can be queried",
            ),
            "B": Option(
                "She gets the population of France: the thread is on the service and survived.",
                "The thread did survive. But the only link to it was a dictionary in a process that is gone.",
                "stored means findable",
            ),
            "C": Option(
                "She is asked which country she means: the new process does not know her thread, and makes another.",
                "From now on the old thread is an orphan: complete, stored, and out of reach.",
            ),
        },
    ),
    "order-of-opening": Question(
        "01",
        "B",
        {
            "A": Option(
                "2 3 4 1",
                "The thread is used before it is recorded. If the process is killed after line 3, the thread has a "
                "message on it and nothing leads to it.",
                "record after use",
            ),
            "B": Option(
                "2 4 1 3",
                "The id is committed before anything is said. At worst, a crash leaves an empty orphan.",
            ),
            "C": Option(
                "2 4 3 1",
                "`add` only tells the session. Until the `commit`, the database holds nothing that another process could read.",
                "added means recorded",
            ),
        },
    ),
    "double-click": Question(
        "01",
        "A",
        {
            "A": Option(
                "The second insert fails: `ben` is the primary key. His conversation is the first one; a second thread is left over.",
                "The key makes a second row impossible, so the two backends agree on one thread without talking to each other.",
            ),
            "B": Option(
                "There are two rows, and each backend goes on with its own thread.",
                "That happens without a primary key or a unique constraint: one customer with two conversations, each missing half.",
                "looking first is enough",
            ),
            "C": Option(
                "The service refuses the second thread, since its metadata names the same user.",
                "To the service, metadata is just notes. Any number of threads can have the same metadata.",
                "metadata is a key",
            ),
        },
    ),
    "refused-then-run": Question(
        "02",
        "B",
        {
            "A": Option(
                "It waits in `queued` until a message arrives.",
                "It would wait forever: while a run is queued its thread is locked, and no message is accepted.",
                "a run waits for messages",
            ),
            "B": Option(
                "It answers the question before, once more: that is the last message on the thread.",
                "A run reads what is on the thread, and there the last question is still the old one. It has no way to know about another.",
            ),
            "C": Option(
                "It fails: there is no new message to answer.",
                "A run needs no new message. Run an assistant twice on the same thread and it will answer twice.",
                "a run needs a new message",
            ),
        },
    ),
    "pages-of-twenty": Question(
        "02",
        "C",
        {
            "A": Option(
                "100: the most that one request can return.",
                "One hundred is the largest `limit` you can ask for. If you don't ask, it is twenty.",
                "the largest limit is the default",
            ),
            "B": Option(
                "120: a list is a list.",
                "`list` sends one request, and one request returns one page. `page.data` is that page.",
                "a list is complete",
            ),
            "C": Option(
                "20: the newest ones, and `page.has_more` is true.",
                "Twenty is what you get unless you say `limit`. `has_more` is the only hint that something is missing.",
            ),
        },
    ),
    "failed-run-read": Question(
        "02",
        "B",
        {
            "A": Option(
                "Nothing: it raises, since there is no answer.",
                "The function asks for a message by the assistant, and there is one: an old one. Nothing in the request"
                " ties it to this run.",
                "a failed run raises",
            ),
            "B": Option(
                "“The capital of Spain is Madrid.”: the answer to an earlier question.",
                "The newest message with that role is the last one that *some* run wrote. When this run writes nothing,"
                " that is an older answer.",
            ),
            "C": Option(
                "An empty text: the failed run left an empty message.",
                "This run failed before it wrote anything. Others fail half-way and leave part of an answer; neither is an answer.",
                "a failed run leaves an empty answer",
            ),
        },
    ),
    "several-replies": Question(
        "02",
        "A",
        {
            "A": Option(
                "The last message of the three.",
                "`data[0]` is the newest. What the run wrote before it comes later in the same list.",
            ),
            "B": Option(
                "The first message of the three.",
                "The list is filtered by run, but it is still sorted with the newest first.",
                "oldest first",
            ),
            "C": Option(
                "All three, joined: the filter returns the run's answer as one.",
                "A filter leaves things out; it joins nothing. Joining them, in the order in which they were written, is your job.",
                "one run, one message",
            ),
        },
    ),
}

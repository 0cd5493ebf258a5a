"""The predictions of lessons 00 to 02. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

EARLY: dict[str, Question] = {
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
}

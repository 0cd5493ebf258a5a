"""The predictions of lessons 06 and 07. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

LIMITS: dict[str, Question] = {
    "ten-at-once": Question(
        "06",
        "A",
        {
            "A": Option(
                "Eight get an answer, two an exception: each time the refused ones come back, one gets in.",
                "Six are accepted at once. The other four are refused together, told to wait the same ten seconds, come"
                " back together, and one gets in; ten seconds later the same happens. Then the SDK has used its two "
                "retries and gives up on the rest.",
            ),
            "B": Option(
                "Six get an answer, four an exception: what is over the limit is refused for good.",
                "That would be so with `max_retries=0`. By default the SDK retries twice after a 429, and obeys `Retry-After`.",
                "one refusal is final",
            ),
            "C": Option(
                "All ten get an answer: the SDK waits as long as it is told, and tries again.",
                "It does so twice and then raises. All the refused requests are told to come back at the same moment, "
                "and at that moment there is room for only one.",
                "a 429 is a queue",
            ),
        },
    ),
    "limit-in-the-middle": Question(
        "06",
        "C",
        {
            "A": Option(
                "`submit_tool_outputs` raises `RateLimitError`, and the outputs can be submitted again later.",
                "The submission itself is not a request to the model, and it is accepted. The run makes that request afterwards.",
                "every refusal is a 429",
            ),
            "B": Option(
                "The run stays queued until there is room, and then completes.",
                "A run is queued for its turn, not for your limit. The service keeps no queue for what you are not allowed to do.",
                "the service queues for me",
            ),
            "C": Option(
                "The outputs are accepted, and the run ends as `failed`; its `last_error` says `rate_limit_exceeded`.",
                "A run makes a series of requests to the model, and each one counts. You wait for a reply only at the "
                "first, so only the first can be refused with a 429. You learn about the others from the run's status, "
                "if you look.",
            ),
        },
    ),
    "semaphore-as-limit": Question(
        "06",
        "C",
        {
            "A": Option(
                "Yes, if every run takes less than ten seconds.",
                "It is the other way round: the shorter the runs, the more of them fit into a minute. Six at a time are"
                " six a minute only if each takes a whole minute.",
                "shorter runs are safer",
            ),
            "B": Option(
                "Yes: never more than six runs are under way, and six is the limit.",
                "The limit is not on runs under way but on starts per minute. A run that ends makes room in the "
                "semaphore, and none in the limit.",
                "a semaphore is a limit",
            ),
            "C": Option(
                "No: six at a time, each taking three seconds, is far more than six a minute.",
                "A semaphore limits how many are under way at once. How many that makes in a minute depends on how long"
                " each takes: at three seconds, up to 120.",
            ),
        },
    ),
    "four-times-the-turns": Question(
        "07",
        "C",
        {
            "A": Option(
                "About 4 times as much, because the service remembers what it has read before.",
                "The service stores the messages, but the model has no memory: everything it should know in a run, it "
                "reads in that run. Some hosted models charge less for a beginning that was read recently; less is not "
                "nothing.",
                "the thread is read once",
            ),
            "B": Option(
                "About 4 times as much: four times the turns, four times the tokens.",
                "That would be so if every turn cost the same. But the fortieth run also reads the thirty-nine turns before it.",
                "every turn costs the same",
            ),
            "C": Option(
                "About 15 times as much: each run reads all the turns before it again.",
                "The n-th run reads n turns. The sum is about half the square of their number, so four times the turns "
                "are nearly sixteen times the tokens; slightly less, because the instructions are read each time too "
                "and do not grow.",
            ),
        },
    ),
    "rounding-the-bill": Question(
        "07",
        "A",
        {
            "A": Option(
                "$0.00, although the exact sum is $0.17.",
                "Each amount is nearer to zero than to a cent. What is rounded away before adding up is lost, forty times over.",
            ),
            "B": Option(
                "$0.40, because nothing costs less than a cent.",
                "That would be the result of rounding up. Rounded to the nearest cent, 0.42 cents are zero.",
                "everything costs a cent at least",
            ),
            "C": Option(
                "$0.17: rounding up and down cancels out.",
                "It cancels out when amounts fall on both sides. The runs of one conversation are alike and are all rounded the same way.",
                "rounding cancels out",
            ),
        },
    ),
    "outside-the-window": Question(
        "07",
        "C",
        {
            "A": Option(
                "It is deleted from the thread: that is what truncation means.",
                "Nothing on the thread changes. List its messages: the first one is still there.",
                "truncation deletes",
            ),
            "B": Option(
                "It is summarised: the run reads a shorter form of it.",
                "Neither strategy writes summaries. A message is read whole or not at all.",
                "truncation summarises",
            ),
            "C": Option(
                "It stays on the thread, but this run does not read it, so the answer cannot use it.",
                "The window belongs to the run. A later run with a wider window reads the message again. What a run "
                "does not read costs nothing and is not known.",
            ),
        },
    ),
}

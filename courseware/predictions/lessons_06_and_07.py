"""The predictions of lessons 06 and 07. `courseware.predictions` has them all."""

from courseware.predictions.question import Option, Question

LIMITS: dict[str, Question] = {
    "ten-at-once": Question(
        "06",
        "B",
        {
            "A": Option(
                "All ten get an answer: the SDK waits as long as it is told, and tries again.",
                "It does so twice, and then it raises. The four that were refused are told the same moment to come back at, and when it "
                "comes there is room for one of them.",
                "the 429 is my queue",
            ),
            "B": Option(
                "Eight get an answer, two an exception: of those who come back together, one gets in each time.",
                "Six are let in at once. The other four are refused together, told to wait the same ten seconds, come back together, and "
                "one gets in; the same again ten seconds later; and then the SDK has repeated twice and gives up for the rest.",
            ),
            "C": Option(
                "Six get an answer, four an exception: what is over the limit is refused, and that is that.",
                "So it would be with `max_retries=0`. By default the SDK repeats after a 429, two times, and obeys `Retry-After`.",
                "one refusal is the end",
            ),
        },
    ),
    "limit-in-the-middle": Question(
        "06",
        "C",
        {
            "A": Option(
                "`submit_tool_outputs` raises `RateLimitError`, and the outputs can be submitted again later.",
                "The submission itself is no request to the model, and it is accepted. It is the run that makes the request, afterwards.",
                "every refusal is a 429",
            ),
            "B": Option(
                "The run stays queued until there is room, and then completes.",
                "A run is queued for its turn, not for your limit. The service does not keep a queue for what you are not allowed.",
                "the service queues for me",
            ),
            "C": Option(
                "The outputs are accepted, and the run ends as `failed`; its `last_error` says `rate_limit_exceeded`.",
                "A run is a series of requests to the model, and each is counted. Only the first is made while you wait for a reply, so "
                "only the first can be refused with a 429. Of the others you learn from the run's status, if you look.",
            ),
        },
    ),
    "semaphore-as-limit": Question(
        "06",
        "A",
        {
            "A": Option(
                "No: six at a time, each taking three seconds, are far more than six a minute.",
                "A semaphore limits how many are under way at once. How many that is in a minute depends on how long each takes: with "
                "three seconds it is up to 120.",
            ),
            "B": Option(
                "Yes: never more than six runs are under way, and six is the limit.",
                "The limit is not on runs under way but on starts in a minute. A run that is over makes room in the semaphore, and none in "
                "the limit.",
                "a semaphore is a limit",
            ),
            "C": Option(
                "Yes, if every run takes less than ten seconds.",
                "The other way round: the shorter the runs, the more of them fit into a minute. Six at a time are six a minute when each "
                "takes a whole minute.",
                "shorter runs are safer",
            ),
        },
    ),
    "four-times-the-turns": Question(
        "07",
        "B",
        {
            "A": Option(
                "About 4 times as much: four times the turns, four times the tokens.",
                "So it would be if each turn cost the same. But the fortieth run reads the thirty-nine turns before it as well.",
                "every turn costs the same",
            ),
            "B": Option(
                "About 15 times as much: each run reads all the turns before it again.",
                "The n-th run reads n turns. Added up, that is about half the square of their number, so four times the turns are nearly "
                "sixteen times the tokens; a little less, because the instructions are read each time as well and do not grow.",
            ),
            "C": Option(
                "About 4 times as much, as the service remembers what it has read before.",
                "The service stores the messages, and the model has no memory: whatever it is to know in a run, it reads in that run. For "
                "some hosted models a beginning that was read a moment ago costs less; less is not nothing.",
                "the thread is read once",
            ),
        },
    ),
    "rounding-the-bill": Question(
        "07",
        "A",
        {
            "A": Option(
                "$0.00, and the true sum is $0.17.",
                "Each of them is nearer to nothing than to a cent. Whatever is rounded before it is added up is lost, forty times over.",
            ),
            "B": Option(
                "$0.17: rounding up and down cancels out.",
                "It cancels out where amounts fall on both sides. Runs of one conversation are alike, and all rounded the same way.",
                "rounding cancels out",
            ),
            "C": Option(
                "$0.40, since nothing is cheaper than a cent.",
                "That is what rounding up would make of it. Rounded to the nearest, 0.42 cents are none.",
                "a cent at least",
            ),
        },
    ),
    "outside-the-window": Question(
        "07",
        "C",
        {
            "A": Option(
                "It is deleted from the thread: that is what truncation means.",
                "Nothing on the thread changes. List its messages, and the first one is there.",
                "truncation deletes",
            ),
            "B": Option(
                "It is summarised: the run reads a shorter form of it.",
                "Neither strategy writes summaries. A message is read whole, or it is not read.",
                "truncation summarises",
            ),
            "C": Option(
                "It stays on the thread, and this run does not read it, so the answer does not know of it.",
                "The window belongs to the run. A later run with a wider one reads the message again. What a run does not read, it costs "
                "nothing for, and knows nothing of.",
            ),
        },
    ),
}

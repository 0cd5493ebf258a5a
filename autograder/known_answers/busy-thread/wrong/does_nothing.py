# %% BusyThread
class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        pass

    async def submit(self, user_id, thread_id, text):
        return ""

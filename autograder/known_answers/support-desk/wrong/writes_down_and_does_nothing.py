# loses: answers_everybody, every_message_once, one_at_a_time_on_a_thread, customers_do_not_wait, written_down_at_once, within_budget, audit_reconstructs_every_turn, resumes_what_it_owes, survives_a_restart
# says: never_came_up
# %% SupportDesk
class SupportDesk:
    def __init__(self, client, db, assistant_id):
        self.db = db

    async def handle(self, ticket_id, user_id, text):
        if self.db.scalar(select(Ticket).where(Ticket.ticket_id == ticket_id)) is None:
            self.db.add(Ticket(ticket_id=ticket_id, user_id=user_id, text=text, answer="We are looking into it."))
            self.db.commit()
        return "We are looking into it."

    async def resume(self):
        pass

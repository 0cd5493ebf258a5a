# loses: answers, submits_all_together, goes_on_round_after_round, each_call_runs_once, a_failing_tool_is_an_answer, records_before_submitting, audit_tells_the_turn, says_how_the_run_ended
# says: run_returned
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    return "\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc"))

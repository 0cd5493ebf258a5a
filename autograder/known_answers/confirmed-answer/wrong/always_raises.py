# loses: posted_once, confirmed_before_the_run, one_run, answer_of_this_run, failed_run_is_no_answer, all_replies_in_order, every_page
# says: longest_text_not_posted
# %% ask
def ask(client, thread_id, assistant_id, text):
    raise RuntimeError("no answer")

# loses: adds_up, price_of_the_day, exact_to_the_cent, no_usage_costs_nothing, raises_without_a_price, answers, stays_within_budget, pinned_facts_answered, archived_before_dropped, reads_half_of_the_optimum, reads_three_quarters_of_the_optimum, reads_nine_tenths_of_the_optimum
# says: raised ValueError
# %% cost_of
def cost_of(usages, prices):
    raise ValueError("no price")


# %% budgeted_turn
def budgeted_turn(client, db, thread_id, assistant_id, text, *, budget):
    raise ValueError("no budget")

//! The whole graph, for the two questions that a checker of invariants answers badly or not at all: which is the shortest
//! way to break one, and is there from everywhere a way home?

use crate::acts::{Act, World, attempts, broken};
use crate::state::{Anna, State};
use std::collections::HashMap;

/// Everything that can be reached, or all up to the first harm.
pub(crate) struct Graph {
    states: Vec<State>,
    /// How each state was reached first.
    reached: Vec<Option<(usize, Act)>>,
    /// From where Anna, or whoever invites her, can reach each state.
    before: Vec<Vec<usize>>,
    /// How many steps there are.
    pub(crate) steps: usize,
    harmed: Option<usize>,
}

/// Anna is in, by a way that is hers, and nobody else is or can be.
fn is_home(state: &State) -> bool {
    state.of(Anna).is_active && state.is_in(Anna, Anna) && state.is_alone() && !state.is_compromised
}

impl Graph {
    /// Explores breadth first, and stops at the first state that breaks an invariant.
    pub(crate) fn of(world: &World) -> Self {
        let states = State::first().to_vec();
        let mut number: HashMap<State, usize> = states.iter().enumerate().map(|(at, state)| (*state, at)).collect();
        let (reached, before) = (vec![None; states.len()], vec![Vec::new(); states.len()]);
        let mut graph = Self { states, reached, before, steps: 0, harmed: None };
        let mut at = 0;
        while at < graph.states.len() && graph.harmed.is_none() {
            let state = graph.states[at];
            for act in attempts(&state) {
                let Some(next) = world.step(&state, act) else { continue };
                graph.steps += 1;
                let known = *number.entry(next).or_insert(graph.states.len());
                if known == graph.states.len() {
                    graph.states.push(next);
                    graph.reached.push(Some((at, act)));
                    graph.before.push(Vec::new());
                    if graph.harmed.is_none() && broken(&next).is_some() {
                        graph.harmed = Some(known);
                    }
                }
                if act.is_hers() {
                    graph.before[known].push(at);
                }
            }
            at += 1;
        }
        graph
    }

    /// How many states there are.
    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    /// The shortest way to break an invariant: its name, and what is done.
    pub(crate) fn counterexample(&self) -> Option<(&'static str, Vec<Act>)> {
        let harmed = self.harmed?;
        Some((broken(&self.states[harmed])?, self.way_to(harmed)))
    }

    fn way_to(&self, mut state: usize) -> Vec<Act> {
        let mut acts = Vec::new();
        while let Some((from, act)) = self.reached[state] {
            acts.push(act);
            state = from;
        }
        acts.reverse();
        acts
    }

    /// Walks backwards from home, by Anna's own steps: nobody else has to help her. How many states she cannot come home
    /// from, and the shortest way to the first of them.
    pub(crate) fn lost(&self) -> (usize, Vec<Act>) {
        let mut can: Vec<bool> = self.states.iter().map(is_home).collect();
        let mut todo: Vec<usize> = (0..self.len()).filter(|state| can[*state]).collect();
        while let Some(state) = todo.pop() {
            for earlier in &self.before[state] {
                if !can[*earlier] {
                    can[*earlier] = true;
                    todo.push(*earlier);
                }
            }
        }
        let lost = can.iter().filter(|can| !**can).count();
        let first = can.iter().position(|can| !can);
        (lost, first.map(|state| self.way_to(state)).unwrap_or_default())
    }
}

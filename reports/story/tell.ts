import { RULE_NAMES } from '../verdict/result.ts';
import { WHITE_BOX_RULES } from '../verdict/white-box.ts';
import { tellClients } from './clients.ts';
import { MEANING } from './meaning.ts';
import { tellReplicas } from './replicas.ts';
import type { Facts, Story } from './story.ts';
import { tellEvidence, tellFaults, tellLeaders } from './surroundings.ts';
import { Telling } from './telling.ts';

/** The few events that matter, of all that is known. */
export function tell(facts: Facts): Story {
  const { rule, result, finding, clause, example, replay, source } = facts;
  const telling = told(facts);
  const witness = witnessText(facts);
  return {
    rule,
    name: RULE_NAMES[rule],
    result,
    finding,
    partition: example?.partition ?? null,
    witness,
    lanes: telling.lanes,
    moments: telling.worthTelling(),
    bands: telling.bands,
    // What was seen from inside says by itself where it went wrong.
    point: telling.point ?? (WHITE_BOX_RULES.some((each) => each === rule) ? insideOf(facts) : null),
    meaning: MEANING[rule],
    clause:
      clause === null
        ? 'No clause of the configuration allows it.'
        : `Allowed by clause ${clause.id}: ${clause.text}; prevented by ${clause.prevention}.`,
    replay,
    source,
  };
}

function told(facts: Facts): Telling {
  const telling = new Telling(facts);
  tellClients(telling);
  tellReplicas(telling);
  if (facts.rows.length === 0) tellEvidence(telling);
  tellLeaders(telling);
  tellFaults(telling);
  telling.cut();
  return telling;
}

function insideOf({ example }: Facts): string | null {
  return example?.sentence.replace(/; t=[\d.]+s$/, '') ?? null;
}

function witnessText({ example }: Facts): string | null {
  if (example === null) return null;
  const { record, offset } = example;
  const at = offset === undefined || offset < 0 ? null : `offset ${offset}`;
  if (record === undefined) return at;
  const name = `${record.writer} seq ${record.sequence}`;
  return at === null ? name : `${name} at ${at}`;
}

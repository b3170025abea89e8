/** Does `act` for all of them, `atOnceMax` at a time, begun in their order. Rejects with the first failure and begins no more. */
export async function sideBySide<Item>(
  atOnceMax: number,
  items: readonly Item[],
  act: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      try {
        await act(items[next++]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, work));
}

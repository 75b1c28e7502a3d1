import type { Command } from 'commander';

export function addTemporalCommand(program: Command): void {
  const temporal = program.command('temporal').description("Temporal's own programs");
  temporal
    .command('build-server')
    .description('build the production server and its SQL tool with Go (about three minutes, once), and say where they are')
    .action(async () => {
      const { buildGoProgram, temporalServer, temporalSqlTool } = await import('../../sandbox/go.js');
      for (const part of [temporalServer, temporalSqlTool]) {
        console.log(`${part.name}: ${await buildGoProgram(part, process.env, (line) => console.error(line))}`);
      }
    });
}

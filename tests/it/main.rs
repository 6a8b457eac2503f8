mod command_line;
mod scenarios;

/**
 * What a run leaves on disk and shows on the screen: its directory, its records, its summary, its
 * progress and its verdict. Nothing here trains.
 */
package io.whetstone.trainer.run;
